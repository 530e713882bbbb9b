package turnback

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestShortTextsStayAsTheyAre(t *testing.T) {
	for _, value := range []string{`{"a":"x","b":1.50,"c":null}`, `null`, `{"a":"` + strings.Repeat("x", longestBytes-20) + `"}`} {
		if got := string(digestedValue(json.RawMessage(value))); got != value {
			t.Errorf("%.60s became %.60s", value, got)
		}
	}
}

func TestLongTextsAreDigested(t *testing.T) {
	long := strings.Repeat("é\n\"", longestBytes)
	raw, _ := json.Marshal(map[string]any{"body": long, "title": "short", "n": json.Number("1.50")})
	var got map[string]any
	if err := json.Unmarshal(digestedValue(raw), &got); err != nil {
		t.Fatal(err)
	}
	if got["title"] != "short" || got["n"] != 1.5 {
		t.Errorf("the short ones changed: %v", got)
	}
	if got["body"] != digested(long) || !strings.HasPrefix(digested(long), digestPrefix) || !strings.HasSuffix(digested(long), ":262144") {
		t.Errorf("the long one is %v", got["body"])
	}
}

func TestWhatLooksLikeADigestIsDigested(t *testing.T) {
	if got := digested(digestPrefix + "x"); got == digestPrefix+"x" || !strings.HasPrefix(got, digestPrefix) {
		t.Errorf("it is %s", got)
	}
}
