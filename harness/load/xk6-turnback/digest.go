package turnback

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"
)

// Texts that are longer are kept as their digest: a ledger's line stays short, and they compare exactly all the same.
// The harness dumps what the database holds in the same way (evidence/values.ts): in both, this many bytes and this prefix.
const (
	longestBytes = 65_536
	digestPrefix = "turnback-sha256:"
)

// digested gives the digest of a text that is long, or that could be taken for a digest.
func digested(text string) string {
	if len(text) <= longestBytes && !strings.HasPrefix(text, digestPrefix) {
		return text
	}
	sum := sha256.Sum256([]byte(text))
	return digestPrefix + hex.EncodeToString(sum[:]) + ":" + strconv.Itoa(len(text))
}

// digestedValue digests the fields of an effect's value that need it. Most values are short, and stay as they are.
func digestedValue(value json.RawMessage) json.RawMessage {
	if len(value) <= longestBytes && !strings.Contains(string(value), digestPrefix) {
		return value
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(value, &fields) != nil {
		return value // no object: nothing is set by it
	}
	for name, raw := range fields {
		var text string
		if json.Unmarshal(raw, &text) != nil {
			continue // a number, or a document of its own
		}
		if short := digested(text); short != text {
			fields[name] = json.RawMessage(appendString(nil, short))
		}
	}
	shorter, err := json.Marshal(fields)
	if err != nil { // what was read can be written
		panic(err)
	}
	return shorter
}
