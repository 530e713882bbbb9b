// Command wire-proxy stands before a database: it leads connections to the server that is the primary now, and
// it speaks PostgreSQL's protocol just enough to deliver a chosen statement and swallow its answer, and to let
// clients' transactions in one by one.
//
//	wire-proxy -listen :6432 -plain :6434 -upstream db:5432 -control :6433
//
// Control, over HTTP: PUT /upstream?to=db2:5432 (nothing after "to=" refuses everybody);
// PUT /trap?pattern=^commit&times=1, DELETE /trap, GET /trap; PUT /gate?transactions=4 (any: as many as come; 0: everybody
// waits; &drain=true ends connections instead), POST /gate/cut (ends those in a transaction), GET /gate.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:6432", "address for clients whose answers can be swallowed")
	plain := flag.String("plain", "127.0.0.1:6434", "address for everybody else")
	upstream := flag.String("upstream", "127.0.0.1:5432", "the server's address")
	control := flag.String("control", "127.0.0.1:6433", "address of the HTTP control")
	flag.Parse()

	arm := &trap{}
	gate := newAdmission()
	way := newRoute(*upstream)
	go accept(*plain, way, func() bool { return true }, pass)
	go accept(*listen, way, gate.connect, func(client, server net.Conn) { watch(client, server, arm, gate) })
	log.Fatal(http.ListenAndServe(*control, handler(way, arm, gate)))
}

// accept gives each connection that is admitted its own to the server that the route leads to.
func accept(address string, way *route, admit func() bool, serve func(client, server net.Conn)) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		log.Fatalf("listen: %v", err)
	}
	for {
		client, err := listener.Accept()
		if err != nil {
			log.Fatalf("accept: %v", err)
		}
		go func() {
			defer client.Close()
			if !admit() {
				return
			}
			server, err := way.dial()
			if err != nil {
				log.Printf("upstream: %v", err)
				return
			}
			defer way.forget(server)
			serve(client, server)
		}()
	}
}

// pass forwards everything both ways, until either side ends.
func pass(client, server net.Conn) {
	ended := make(chan struct{}, 2)
	forward := func(to, from net.Conn) {
		_, _ = io.Copy(to, from) // that a connection breaks is its peers' business
		ended <- struct{}{}
	}
	go forward(server, client)
	go forward(client, server)
	<-ended
}

// watch forwards messages both ways, but for the answers that are to be swallowed.
func watch(client, server net.Conn, arm *trap, gate *admission) {
	s := &session{client: client, server: server, arm: arm, gate: gate, statements: map[string]string{}, portals: map[string]string{}}
	for {
		code, raw, err := readStartup(client)
		if err != nil {
			return
		}
		if code == codeSSL || code == codeGSS {
			if _, err := client.Write([]byte{'N'}); err != nil { // no encryption here; ask again in clear
				return
			}
			continue
		}
		if _, err := server.Write(raw); err != nil || code == codeCancel {
			return
		}
		break
	}
	defer gate.end(s)
	go s.upstream()
	s.downstream()
}

func handler(way *route, arm *trap, gate *admission) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /upstream", func(_ http.ResponseWriter, r *http.Request) { way.lead(r.URL.Query().Get("to")) })
	mux.HandleFunc("PUT /gate", func(w http.ResponseWriter, r *http.Request) {
		limit, err := everybody, error(nil)
		if text := r.URL.Query().Get("transactions"); text != "any" {
			limit, err = strconv.Atoi(text)
		}
		if err != nil || limit < everybody {
			http.Error(w, "gate: transactions is a number from 0, or any", http.StatusBadRequest)
			return
		}
		gate.set(limit, r.URL.Query().Get("drain") == "true")
	})
	mux.HandleFunc("POST /gate/cut", func(_ http.ResponseWriter, _ *http.Request) { gate.cut() })
	mux.HandleFunc("GET /gate", func(w http.ResponseWriter, _ *http.Request) {
		inside, waiting := gate.counts()
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(map[string]int{"inside": inside, "waiting": waiting}); err != nil {
			log.Printf("control: %v", err)
		}
	})
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
