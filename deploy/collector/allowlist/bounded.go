package allowlist

import "time"

// sweepInterval is how often a full set looks for members that have expired.
const sweepInterval = time.Minute

// boundedSet holds at most so many members; one that was not used for long makes room.
type boundedSet struct {
	most   int
	expiry time.Duration
	fixed  map[string]struct{}
	used   map[string]time.Time
	swept  time.Time
}

func newBoundedSet(most int, expiry time.Duration, fixed []string) *boundedSet {
	set := &boundedSet{most: most, expiry: expiry, fixed: map[string]struct{}{}, used: map[string]time.Time{}}
	for _, member := range fixed {
		set.fixed[member] = struct{}{}
	}
	return set
}

// admit says whether a member is in the set, and adds it where there is room.
func (s *boundedSet) admit(member string, now time.Time) bool {
	if _, fixed := s.fixed[member]; fixed {
		return true
	}
	if _, known := s.used[member]; !known && len(s.used) >= s.most {
		if now.Sub(s.swept) < sweepInterval {
			return false
		}
		s.swept = now
		for old, last := range s.used {
			if now.Sub(last) > s.expiry {
				delete(s.used, old)
			}
		}
		if len(s.used) >= s.most {
			return false
		}
	}
	s.used[member] = now
	return true
}
