package turnback

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
)

// mostOfAnswer bounds what is kept of an application's answer.
const mostOfAnswer = 1 << 20

// Application is the system's own application as clients reach it: several instances, of which each request is sent to one,
// in turn. Which there are is read anew for each request, as a load balancer's list would be: a deployment changes it.
type Application struct {
	file   string
	client *http.Client
	turn   atomic.Uint64
}

func newApplication(config Config) *Application {
	return &Application{file: config.ApplicationFile, client: &http.Client{
		// A connection for each request: on one that is kept, a request may meet an instance that is just closing it, and
		// nobody would know whether it was served.
		Transport:     &http.Transport{DisableKeepAlives: true, DialContext: (&net.Dialer{}).DialContext},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// instances are the addresses of those that serve just now; none while the application is down.
func (a *Application) instances() ([]string, error) {
	if a.file == "" {
		return nil, errors.New("this system has no application: the drill declares it in `application`")
	}
	raw, err := os.ReadFile(a.file)
	if err != nil {
		return nil, err
	}
	var urls []string
	if err := json.Unmarshal(raw, &urls); err != nil {
		return nil, fmt.Errorf("%s: %w", a.file, err)
	}
	return urls, nil
}

// Answer is what a client gets to see of a response.
type Answer struct {
	Status int
	Text   string
}

// errNoInstance: nothing was sent, because there is nobody to send it to.
var errNoInstance = errors.New("no instance of the application serves")

// ask sends a request to the instances in turn until one takes the connection. sent says whether one did.
func (a *Application) ask(ctx context.Context, method, path string, form map[string]string) (answer Answer, sent bool, err error) {
	urls, err := a.instances()
	if err != nil {
		return Answer{}, false, err
	}
	err = errNoInstance
	first := a.turn.Add(1)
	for i := range urls {
		answer, sent, err = a.askOne(ctx, urls[(first+uint64(i))%uint64(len(urls))], method, path, form)
		if err == nil || sent || ctx.Err() != nil {
			return answer, sent, err
		}
	}
	return answer, sent, err
}

func (a *Application) askOne(ctx context.Context, base, method, path string, form map[string]string) (Answer, bool, error) {
	values := url.Values{}
	for key, value := range form {
		values.Set(key, value)
	}
	var body io.Reader
	if len(form) > 0 {
		body = strings.NewReader(values.Encode())
	}
	request, err := http.NewRequestWithContext(ctx, method, base+path, body)
	if err != nil {
		return Answer{}, false, err
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	response, err := a.client.Do(request)
	if err != nil {
		var network *net.OpError
		return Answer{}, !(errors.As(err, &network) && network.Op == "dial"), err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, mostOfAnswer))
	return Answer{Status: response.StatusCode, Text: string(text)}, true, err
}

// statusError is an answer that is no success.
type statusError struct{ status int }

func (e *statusError) Error() string { return fmt.Sprintf("the application answered %d", e.status) }

// classifyAnswer decides what an application's answer allows a client to claim, and names what went wrong.
//
//   - Nothing was sent: rejected.
//   - 2xx and 3xx: the application says that it is done.
//   - 4xx, and 503 (unavailable): the application says that it did nothing. That is a promise of the applications that are
//     drilled; one that answers so after it committed is caught as a phantom.
//   - Any other 5xx, an answer cut short, none in time: nobody on the client's side can know.
func classifyAnswer(answer Answer, sent bool, err error) (Outcome, string) {
	switch {
	case err != nil && !sent:
		return Rejected, errorCode(err)
	case err != nil:
		return Indeterminate, errorCode(err)
	case answer.Status < 400:
		return Committed, ""
	case answer.Status < 500 || answer.Status == http.StatusServiceUnavailable:
		return Rejected, fmt.Sprintf("http-%d", answer.Status)
	default:
		return Indeterminate, fmt.Sprintf("http-%d", answer.Status)
	}
}

// request sends a request to the application and returns its answer: status 0 when there was none.
func (c *Client) request(op string, effects []effectArgument, method, path string, form map[string]string) (map[string]any, error) {
	database := &Database{Client: c}
	o, g, err := database.begin(op, effects, nil)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(c.vu.Context(), g.config.timeout())
	defer cancel()
	o.acquiredNs = g.clock.Now()
	answer, sent, err := g.application.ask(ctx, method, path, form)
	outcome, code := classifyAnswer(answer, sent, err)
	if len(effects) == 0 && outcome == Indeterminate {
		outcome = Rejected // it has no effect to be in doubt about: it was simply not served
	}
	o.settle(outcome, PhaseRequest, code, "")
	return map[string]any{"outcome": string(outcome), "status": answer.Status, "text": answer.Text}, nil
}
