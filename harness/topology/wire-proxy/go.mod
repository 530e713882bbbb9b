module turnback.dev/wire-proxy

go 1.26
