package allowlist

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

const (
	keyService     = "service.name"
	keyNamespace   = "service.namespace"
	keyEnvironment = "deployment.environment.name"

	maxNamespaces   = 2
	maxEnvironments = 4
)

// names are the texts that become the labels of everything: the service, its namespace, the environment.
type names struct {
	sets     map[string]*boundedSet
	counters *counters
}

func newNames(config *Config, counters *counters) *names {
	free := config.MaxServices
	if len(config.Services) > 0 {
		free = 0
	}
	return &names{map[string]*boundedSet{
		keyService:     newBoundedSet(free, config.Expiry, append([]string{unknownService}, config.Services...)),
		keyNamespace:   newBoundedSet(maxNamespaces, config.Expiry, nil),
		keyEnvironment: newBoundedSet(maxEnvironments, config.Expiry, config.Environments),
	}, counters}
}

// of gives the names of a resource as they may be used; the namespace and the environment are empty where there are none.
func (n *names) of(resource pcommon.Resource, now time.Time) (service, namespace, environment string) {
	service = n.text(resource, keyService, now)
	if service == "" {
		service = unknownService
	}
	return service, n.text(resource, keyNamespace, now), n.text(resource, keyEnvironment, now)
}

func (n *names) text(resource pcommon.Resource, key string, now time.Time) string {
	value, ok := resource.Attributes().Get(key)
	if !ok || value.Type() == pcommon.ValueTypeEmpty || value.Type() == pcommon.ValueTypeStr && value.Str() == "" {
		return ""
	}
	text := labelText(value)
	if isIdentifier(text) && n.sets[key].admit(text, now) {
		return text
	}
	n.counters.other(key)
	return other
}

// rename writes the names back, each once, where the other attributes stay.
func (n *names) rename(resource pcommon.Resource, now time.Time) string {
	service, namespace, environment := n.of(resource, now)
	attributes := resource.Attributes()
	n.counters.bound(boundMap(attributes, func(key string) bool { return !ownKey(key) }))
	for key, text := range map[string]string{keyService: service, keyNamespace: namespace, keyEnvironment: environment} {
		if text != "" {
			attributes.PutStr(key, text)
		}
	}
	return service
}

// ownKey says whether a key is one that the chain itself sets, or a store gives a meaning to: a page that sends one is not
// believed.
func ownKey(key string) bool {
	switch key {
	case "service", "environment", "event", "time.original", "job", "instance", keyService, keyNamespace, keyEnvironment:
		return true
	}
	return key == "" || key[0] == '_'
}
