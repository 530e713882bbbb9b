package turnback

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestWhatAnApplicationsAnswerAllowsAClientToClaim(t *testing.T) {
	cases := []struct {
		title   string
		status  int
		sent    bool
		err     error
		outcome Outcome
		code    string
	}{
		{"done", 200, true, nil, Committed, ""},
		{"done, see there", 303, true, nil, Committed, ""},
		{"refused", 409, true, nil, Rejected, "http-409"},
		{"unavailable: nothing was done", 503, true, nil, Rejected, "http-503"},
		{"something broke", 500, true, nil, Indeterminate, "http-500"},
		{"a gateway gave up waiting", 504, true, nil, Indeterminate, "http-504"},
		{"nobody listens", 0, false, syscall.ECONNREFUSED, Rejected, "refused"},
		{"nobody is there", 0, false, errNoInstance, Rejected, "other"},
		{"no answer in time", 0, true, context.DeadlineExceeded, Indeterminate, "timeout"},
		{"an answer cut short, whatever its status said", 200, true, io.ErrUnexpectedEOF, Indeterminate, "closed"},
	}
	for _, c := range cases {
		t.Run(c.title, func(t *testing.T) {
			outcome, code := classifyAnswer(Answer{Status: c.status}, c.sent, c.err)
			if outcome != c.outcome || code != c.code {
				t.Errorf("got %s (%s), want %s (%s)", outcome, code, c.outcome, c.code)
			}
		})
	}
}

func TestARequestGoesToTheNextInstanceOnlyWhileNothingWasSent(t *testing.T) {
	served := 0
	good := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { served++; fmt.Fprint(w, r.FormValue("name")) }))
	defer good.Close()
	rude := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		connection, _, _ := w.(http.Hijacker).Hijack()
		_ = connection.Close()
	}))
	defer rude.Close()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	file := filepath.Join(t.TempDir(), "instances.json")
	application := newApplication(Config{ApplicationFile: file})
	ask := func(urls ...string) (Answer, bool, error) {
		raw, _ := json.Marshal(urls)
		if err := os.WriteFile(file, raw, 0o644); err != nil {
			t.Fatal(err)
		}
		return application.ask(context.Background(), "POST", "/x", map[string]string{"name": "Ada"})
	}
	for range 4 {
		if answer, sent, err := ask(gone.URL, good.URL); err != nil || !sent || answer.Text != "Ada" {
			t.Fatalf("behind one that is gone: %+v, sent %v, %v", answer, sent, err)
		}
	}
	if _, sent, err := ask(gone.URL); err == nil || sent {
		t.Errorf("nobody is there: sent %v, %v", sent, err)
	}
	if _, sent, err := ask(); !errors.Is(err, errNoInstance) || sent {
		t.Errorf("an empty list: sent %v, %v", sent, err)
	}
	before := served
	for range 4 {
		if _, sent, err := ask(rude.URL, rude.URL); err == nil || !sent {
			t.Fatalf("cut off after it was sent: sent %v, %v", sent, err)
		}
	}
	if served != before {
		t.Error("what was sent to one was sent to another")
	}
}
