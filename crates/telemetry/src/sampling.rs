//! Which traces are exported: by ratio, by parent, by a span's name; and, of those that are not, which are
//! exported after all because of how they went on.

use super::context::{SAMPLED, TraceId};
use tonearm_base::time::Duration;

/// The head's decision, made when a span starts.
#[derive(Debug, Clone)]
pub struct Sampler {
    /// Part of the traces that is wanted, from 0 to 1.
    pub ratio: f64,
    /// The same for spans of a name, whatever is above them.
    pub by_name: Vec<(Vec<u8>, f64)>,
    /// Whether another process's decision stands.
    pub parent_based: bool,
    /// Whether plays that were not chosen are held until it is known how they went; those that start slower
    /// than that, stall or fail are exported.
    pub tail: Option<Duration>,
}

impl Default for Sampler {
    fn default() -> Self {
        Self { ratio: 1.0, by_name: Vec::new(), parent_based: false, tail: None }
    }
}

/// A ratio of the trace's id: its lower seven bytes are random (Trace Context Level 2, section 3.2.3.3), so
/// that everybody who decides by them decides alike.
fn chooses(ratio: f64, trace_id: &TraceId) -> bool {
    let random = trace_id[9..].iter().fold(0, |value, byte| value << 8 | u64::from(*byte));
    // Compared as integers: 56 bits of a double would round up, and a ratio of 0 would choose some.
    random >= ((1.0 - ratio) * (1u64 << 56) as f64).ceil() as u64
}

impl Sampler {
    /// Whether a span is exported; `parent` is its parent's flags, and whether they are another process's.
    pub fn samples(&self, name: &[u8], trace_id: &TraceId, parent: Option<(u8, bool)>) -> bool {
        if let Some((_, ratio)) = self.by_name.iter().find(|(known, _)| known == name) {
            return chooses(*ratio, trace_id);
        }
        match parent {
            Some((flags, is_remote)) if !is_remote || self.parent_based => flags & SAMPLED > 0,
            _ => chooses(self.ratio, trace_id),
        }
    }
}

/// Spans of one play that are held.
const MAX_HELD: usize = 32;

/// Ended spans of the traces whose decision is open.
#[derive(Debug, Default)]
pub(super) struct Tail(Vec<(TraceId, Vec<Vec<u8>>)>);

impl Tail {
    pub(super) fn hold(&mut self, trace: TraceId) {
        if !self.0.iter().any(|(known, _)| *known == trace) {
            self.0.push((trace, Vec::new()));
        }
    }

    /// Takes a span of a trace that is held; says whether it is one, and there was room.
    pub(super) fn push(&mut self, trace: &TraceId, span: &[u8]) -> bool {
        match self.0.iter_mut().find(|(known, _)| known == trace) {
            Some((_, spans)) if spans.len() < MAX_HELD => {
                spans.push(span.to_vec());
                true
            }
            _ => false,
        }
    }

    /// The decision is made: what was held.
    pub(super) fn take(&mut self, trace: &TraceId) -> Option<Vec<Vec<u8>>> {
        let at = self.0.iter().position(|(known, _)| known == trace)?;
        Some(self.0.remove(at).1)
    }

    pub(super) fn len(&self) -> usize {
        self.0.iter().map(|(_, spans)| spans.len()).sum()
    }
}
