// Command faultfs shows a folder as a disk that can fail: it forgets what was not synced when its power is cut, and it
// refuses, delays, shortens or corrupts chosen operations.
//
//	faultfs -disk DIR -at MOUNT -control 127.0.0.1:6440
//
// DIR/files is shown at MOUNT. What processes write stays in memory until they sync it. Each folder at the top is a volume: a disk with
// a journal and a power supply of its own. What is synced here lies in the page cache of the real machine: its power isn't cut.
//
// Control, over HTTP with JSON: GET /volumes/NAME tells what a power cut would take; POST /volumes/NAME/sync;
// POST /volumes/NAME/cut?tears=true&seed=1; PUT, GET and DELETE /rules/ID (see Rule).
package main

import (
	"encoding/json"
	"flag"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fuse"
)

func main() {
	folder := flag.String("disk", "", "folder with files/, which is shown")
	at := flag.String("at", "", "mount point")
	control := flag.String("control", "127.0.0.1:6440", "address of the HTTP control")
	flag.Parse()
	syscall.Umask(0) // the kernel has applied the caller's

	d, err := openDisk(*folder)
	if err != nil {
		log.Fatalf("disk: %v", err)
	}
	listener, err := net.Listen("tcp", *control)
	if err != nil {
		log.Fatalf("control: %v", err)
	}
	filesystem, server, err := mount(d, *at)
	if err != nil {
		log.Fatalf("mount: %v", err)
	}
	ends := make(chan os.Signal, 1)
	signal.Notify(ends, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		<-ends
		if err := server.Unmount(); err != nil {
			// Somebody still has a file open: the mount point goes now, the rest with its last user.
			log.Printf("unmount: %v", err)
			if err := syscall.Unmount(*at, syscall.MNT_DETACH); err != nil {
				log.Printf("detach: %v", err)
			}
			os.Exit(1)
		}
	}()
	go func() { log.Fatal(http.Serve(listener, handler(filesystem))) }()
	server.Serve()
}

func mount(d *disk, at string) (*filesystem, *fuse.Server, error) {
	filesystem := newFilesystem(d)
	server, err := fuse.NewServer(filesystem, at, &fuse.MountOptions{
		Name: "faultfs", FsName: "faultfs",
		AllowOther:  os.Getuid() == 0, // the server's user is another one
		DirectMount: os.Getuid() == 0,
		Options:     []string{"default_permissions"},
		MaxWrite:    1 << 20, DisableXAttrs: true, DisableReadDirPlus: true, IgnoreSecurityLabels: true,
	})
	return filesystem, server, err
}

func handler(f *filesystem) http.Handler {
	d := f.disk
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, value any) {
		w.Header().Set("content-type", "application/json")
		if err := json.NewEncoder(w).Encode(value); err != nil {
			log.Printf("answer: %v", err)
		}
	}
	mux.HandleFunc("GET /volumes/{name}", func(w http.ResponseWriter, r *http.Request) { answer(w, d.unsynced(r.PathValue("name"))) })
	mux.HandleFunc("POST /volumes/{name}/cut", func(w http.ResponseWriter, r *http.Request) {
		seed, err := strconv.ParseUint(r.FormValue("seed"), 10, 64)
		if err != nil {
			http.Error(w, "seed: "+err.Error(), http.StatusBadRequest)
			return
		}
		result, err := f.cutPower(r.PathValue("name"), r.FormValue("tears") == "true", seed)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		answer(w, result)
	})
	mux.HandleFunc("POST /volumes/{name}/sync", func(w http.ResponseWriter, r *http.Request) {
		if err := d.sync(r.PathValue("name")); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	mux.HandleFunc("PUT /rules/{id}", func(w http.ResponseWriter, r *http.Request) {
		var rule Rule
		decoder := json.NewDecoder(r.Body)
		decoder.DisallowUnknownFields()
		err := decoder.Decode(&rule)
		if err == nil {
			err = d.rules.set(r.PathValue("id"), rule)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
		}
	})
	mux.HandleFunc("GET /rules/{id}", func(w http.ResponseWriter, r *http.Request) {
		hits, there := d.rules.hits(r.PathValue("id"))
		answer(w, map[string]any{"there": there, "hits": hits})
	})
	mux.HandleFunc("DELETE /rules/{id}", func(w http.ResponseWriter, r *http.Request) { d.rules.clear(r.PathValue("id")) })
	return mux
}
