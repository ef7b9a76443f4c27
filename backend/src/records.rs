//! The last records of one signal, bounded in number and in bytes. A record is kept as its JSON, so that its
//! size is what it takes.

use std::collections::VecDeque;

use serde_json::Value;

/// Records that are kept; the oldest go first.
const MAX_RECORDS: usize = 20_000;
/// Bytes of all of them.
const MAX_BYTES: usize = 64 << 20;
/// Bytes of one: a larger one is counted and not kept.
const MAX_RECORD: usize = 256 << 10;

struct Record {
    json: String,
    /// The traces that it belongs or leads to.
    traces: Vec<String>,
}

impl Record {
    fn size(&self) -> usize {
        size_of::<Self>()
            + self.json.capacity()
            + self.traces.iter().map(|id| size_of::<String>() + id.capacity()).sum::<usize>()
    }
}

/// The records of a signal, and how many came.
#[derive(Default)]
pub(crate) struct Records {
    kept: VecDeque<Record>,
    bytes: usize,
    pub(crate) received: u64,
}

impl Records {
    pub(crate) fn push(&mut self, record: &Value, traces: Vec<String>) {
        self.received += 1;
        let mut json = record.to_string();
        json.shrink_to_fit();
        let record = Record { json, traces };
        let size = record.size();
        if size > MAX_RECORD {
            return;
        }
        while self.kept.len() >= MAX_RECORDS || self.bytes + size > MAX_BYTES {
            let Some(oldest) = self.kept.pop_front() else { break };
            self.bytes -= oldest.size();
        }
        self.bytes += size;
        self.kept.push_back(record);
    }

    /// The newest records, the newest first.
    pub(crate) fn newest(&self, limit: usize) -> Value {
        self.kept.iter().rev().take(limit).map(Self::read).collect()
    }

    /// The records of a trace.
    pub(crate) fn of_trace(&self, id: &str) -> Value {
        self.kept.iter().filter(|record| record.traces.iter().any(|one| one == id)).map(Self::read).collect()
    }

    fn read(record: &Record) -> Value {
        serde_json::from_str(&record.json).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn records_are_bounded_in_bytes_and_the_newest_stay() {
        let mut records = Records::default();
        let text = "x".repeat(200 << 10);
        for n in 0..1000 {
            records.push(&json!({ "n": n, "text": text }), vec![format!("{n}")]);
            assert!(records.bytes <= MAX_BYTES);
        }
        let held: usize = records.kept.iter().map(Record::size).sum();
        assert_eq!(records.bytes, held);
        assert!(held > MAX_BYTES / 2, "{held}");
        assert_eq!(records.received, 1000);
        assert_eq!(records.newest(1)[0]["n"], 999);
        assert_eq!(records.of_trace("999")[0]["n"], 999);
        assert_eq!(records.of_trace("0"), json!([]));
    }

    #[test]
    fn records_are_bounded_in_number() {
        let mut records = Records::default();
        for n in 0..2 * MAX_RECORDS {
            records.push(&json!(n), Vec::new());
        }
        assert_eq!(records.kept.len(), MAX_RECORDS);
    }

    #[test]
    fn a_record_beyond_the_bound_is_counted_alone() {
        let mut records = Records::default();
        records.push(&json!("small"), Vec::new());
        records.push(&json!("x".repeat(MAX_RECORD)), Vec::new());
        records.push(&json!("id"), vec!["0".repeat(MAX_RECORD)]);
        assert_eq!((records.received, records.newest(9)), (3, json!(["small"])));
    }
}
