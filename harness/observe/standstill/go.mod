module turnback.dev/standstill

go 1.26
