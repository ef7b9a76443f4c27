package allowlist

import (
	"strconv"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

const (
	// other stands for a value that is beyond a bound, or does not have the form of one.
	other = "other"
	// unknownService is OpenTelemetry's name for a service without one.
	unknownService = "unknown_service"
	maxIdentifier  = 63
	maxLabel       = 120
	// maxText bounds a text of a span or a log record, in bytes.
	maxText = 16 << 10
	// maxAttributes bounds the attributes of one span, log record, event or link.
	maxAttributes = 128
	maxKey        = 128
	// maxMap bounds keys and values of one of them together, in bytes.
	maxMap = 64 << 10
)

func isAlphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// isIdentifier says whether a text may name a service, an environment, an event or a key: letters, digits and `._-`, a letter or
// a digit first. Nothing in it has a meaning in PromQL, LogsQL, a template or a URL.
func isIdentifier(text string) bool {
	return hasForm(text, maxIdentifier, "._-")
}

// isLabel says whether a text may be a label's value: like an identifier, but longer, and with what stands in host names, media
// types, ports and dates. No quote, brace, bracket or backslash.
func isLabel(text string) bool {
	return hasForm(text, maxLabel, "._-:/@+ ") || len(text) <= maxLabel && len(text) > 1 && text[0] == '_' && isIdentifier(text[1:])
}

func hasForm(text string, most int, others string) bool {
	if text == "" || len(text) > most || !isAlphanumeric(text[0]) {
		return false
	}
	for at := range len(text) {
		if c := text[at]; !isAlphanumeric(c) && !contains(others, c) {
			return false
		}
	}
	return true
}

func contains(set string, c byte) bool {
	for at := range len(set) {
		if set[at] == c {
			return true
		}
	}
	return false
}

// labelText gives the text of a value that may be a label. Values of two types are one label to Prometheus, so they must be one
// series here too.
func labelText(value pcommon.Value) string {
	switch value.Type() {
	case pcommon.ValueTypeStr:
		return value.Str()
	case pcommon.ValueTypeBool:
		return strconv.FormatBool(value.Bool())
	case pcommon.ValueTypeInt:
		return strconv.FormatInt(value.Int(), 10)
	case pcommon.ValueTypeDouble:
		return value.AsString()
	default:
		return ""
	}
}

// shorten cuts a text at a boundary of characters. What is no UTF-8 is left out.
func shorten(text string, most int) (string, bool) {
	if len(text) <= most && utf8.ValidString(text) {
		return text, false
	}
	kept := make([]byte, 0, min(len(text), most))
	for at := 0; at < len(text); {
		r, size := utf8.DecodeRuneInString(text[at:])
		if len(kept)+size > most {
			break
		}
		if r != utf8.RuneError || size > 1 {
			kept = append(kept, text[at:at+size]...)
		}
		at += size
	}
	return string(kept), true
}

// boundMap bounds the number of attributes, the length of their keys and of their values, and makes keys unique: the first of
// several values stays. Gives how many values it has changed or removed.
func boundMap(attributes pcommon.Map, allowed func(key string) bool) int64 {
	changed, size := int64(0), 0
	seen := make(map[string]struct{}, attributes.Len())
	attributes.RemoveIf(func(key string, value pcommon.Value) bool {
		_, repeated := seen[key]
		if repeated || len(seen) >= maxAttributes || len(key) > maxKey || !utf8.ValidString(key) || !allowed(key) {
			changed++
			return true
		}
		changed += boundValue(value)
		size += len(key) + len(value.AsString())
		if size > maxMap {
			changed++
			return true
		}
		seen[key] = struct{}{}
		return false
	})
	return changed
}

// boundValue bounds one value. A list or an object that is longer than a text may be becomes its text, cut.
func boundValue(value pcommon.Value) int64 {
	switch value.Type() {
	case pcommon.ValueTypeStr:
		if text, cut := shorten(value.Str(), maxText); cut {
			value.SetStr(text)
			return 1
		}
	case pcommon.ValueTypeMap, pcommon.ValueTypeSlice, pcommon.ValueTypeBytes:
		if text, cut := shorten(value.AsString(), maxText); cut {
			value.SetStr(text)
			return 1
		}
	default:
	}
	return 0
}
