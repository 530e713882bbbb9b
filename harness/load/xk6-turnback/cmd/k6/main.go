// Command k6 is k6 with the turnback extension built in: what `xk6 build` would generate,
// committed so that its dependencies are pinned and it builds with `go build` alone.
package main

import (
	"go.k6.io/k6/v2/cmd"

	_ "turnback.dev/xk6-turnback"
)

func main() {
	cmd.Execute()
}
