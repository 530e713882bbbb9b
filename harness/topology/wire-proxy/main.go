// Command wire-proxy is a proxy that speaks PostgreSQL's protocol just enough to deliver a
// chosen statement and swallow its answer.
//
//	wire-proxy -listen :6432 -upstream db:5432 -control :6433
//
// Control, over HTTP: PUT /trap?pattern=^commit&times=1, DELETE /trap, GET /trap.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"strconv"
	"time"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:6432", "address for clients")
	upstream := flag.String("upstream", "127.0.0.1:5432", "the server's address")
	control := flag.String("control", "127.0.0.1:6433", "address of the HTTP control")
	flag.Parse()

	arm := &trap{}
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		log.Fatalf("listen: %v", err)
	}
	go func() { log.Fatal(http.ListenAndServe(*control, handler(arm))) }()
	for {
		client, err := listener.Accept()
		if err != nil {
			log.Fatalf("accept: %v", err)
		}
		go serve(client, *upstream, arm)
	}
}

func serve(client net.Conn, upstream string, arm *trap) {
	server, err := net.DialTimeout("tcp", upstream, 5*time.Second)
	if err != nil {
		log.Printf("upstream: %v", err)
		client.Close()
		return
	}
	s := &session{client: client, server: server, arm: arm, statements: map[string]string{}, portals: map[string]string{}}
	for {
		code, raw, err := readStartup(client)
		if err != nil {
			s.close()
			return
		}
		if code == codeSSL || code == codeGSS {
			if _, err := client.Write([]byte{'N'}); err != nil { // no encryption here; ask again in clear
				s.close()
				return
			}
			continue
		}
		if _, err := server.Write(raw); err != nil || code == codeCancel {
			s.close()
			return
		}
		break
	}
	go s.upstream()
	s.downstream()
}

func handler(arm *trap) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /trap", func(w http.ResponseWriter, _ *http.Request) {
		armed, swallows := arm.counts()
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(map[string]int{"armed": armed, "swallows": swallows}); err != nil {
			log.Printf("control: %v", err)
		}
	})
	mux.HandleFunc("PUT /trap", func(w http.ResponseWriter, r *http.Request) {
		times, err := strconv.Atoi(r.URL.Query().Get("times"))
		if err == nil {
			err = arm.set(r.URL.Query().Get("pattern"), times)
		}
		if err != nil {
			http.Error(w, fmt.Sprintf("trap: %v", err), http.StatusBadRequest)
		}
	})
	mux.HandleFunc("DELETE /trap", func(_ http.ResponseWriter, _ *http.Request) { arm.clear() })
	return mux
}
