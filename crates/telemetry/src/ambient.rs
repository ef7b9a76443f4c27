//! What every span and log record says beside its own: the session, and what the app said of its user and its
//! place. Owns when a session ends; where its id is kept, the host knows.

use std::cell::RefCell;
use std::rc::Rc;

use super::export::Signal;
use super::propagation::write_hex;
use tonearm_base::random::Random;
use tonearm_base::time::{Duration, Instant};
use tonearm_otlp::{ATTRIBUTES, LOG_ATTRIBUTES, Value, Writer, has_key};

/// A session ends when nothing was recorded for so long…
const IDLE: Duration = Duration::from_secs(30 * 60);
/// …and at the latest so long after it began.
const LONGEST: Duration = Duration::from_secs(4 * 3600);
/// The attribute of its id.
const SESSION_ID: &str = "session.id";

#[derive(Debug, Default)]
struct Session {
    id: String,
    active: Instant,
    ends: Instant,
    /// Whether it was counted.
    counted: bool,
}

/// The session of the tab's last page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarlierSession {
    /// `session.id`.
    pub id: String,
    /// How long ago it began.
    pub age: Duration,
    /// How long ago that page kept it last.
    pub idle: Duration,
    /// Whether it was counted.
    pub counted: bool,
}

/// A session that several pipelines have.
#[derive(Debug)]
pub struct SharedSession(Rc<RefCell<Session>>);

/// A session, and attributes of the app.
#[derive(Debug, Default)]
pub(super) struct Ambient {
    /// Pipelines of one service have it in common. Its id is empty before it begins.
    session: Rc<RefCell<Session>>,
    /// The id in `encoded`: another pipeline may have begun another session.
    encoded_id: String,
    /// Attributes for spans and logs, as fields 1.
    given: Vec<u8>,
    /// Attributes for metrics too.
    shared: Vec<u8>,
    /// All of it as fields of a span (9), and of a log record (6).
    encoded: [Vec<u8>; 2],
}

impl Ambient {
    /// Begins a session, or goes on with one of an earlier page that is not over.
    pub(super) fn begin(&mut self, now: Instant, earlier: Option<EarlierSession>, random: &mut Random) {
        let earlier = earlier.filter(|earlier| earlier.idle <= IDLE && earlier.age < LONGEST);
        let session = if let Some(EarlierSession { id, age, counted, .. }) = earlier {
            Session { id, active: now, ends: now + LONGEST.saturating_sub(age), counted }
        } else {
            let mut id = String::new();
            write_hex(&mut id, &random.bytes::<16>());
            Session { id, active: now, ends: now + LONGEST, counted: false }
        };
        *self.session.borrow_mut() = session;
        self.encode();
    }

    /// The session, for another pipeline.
    pub(super) fn session(&self) -> SharedSession {
        SharedSession(Rc::clone(&self.session))
    }

    /// Has the session of another pipeline from now on.
    pub(super) fn share(&mut self, session: SharedSession) {
        self.session = session.0;
        self.encode();
    }

    /// Something is recorded: a session that is over is followed by another.
    pub(super) fn touch(&mut self, now: Instant, random: &mut Random) {
        let mut session = self.session.borrow_mut();
        if session.id.is_empty() {
            return;
        }
        let is_over = now >= session.ends || now.since(session.active) > IDLE;
        session.active = now;
        let is_other = session.id != self.encoded_id;
        drop(session);
        if is_over {
            self.begin(now, None, random);
        } else if is_other {
            self.encode();
        }
    }

    /// Whether the session is new since this was asked last.
    pub(super) fn take_new(&mut self, now: Instant, random: &mut Random) -> bool {
        self.touch(now, random);
        let mut session = self.session.borrow_mut();
        !session.id.is_empty() && !std::mem::replace(&mut session.counted, true)
    }

    /// Whether it was counted.
    pub(super) fn session_counted(&self) -> bool {
        self.session.borrow().counted
    }

    /// Its id; empty where there is none.
    pub(super) fn session_id(&self) -> String {
        self.session.borrow().id.clone()
    }

    /// What the app says: attributes as fields 1, of which the first `shared` bytes are for metrics too.
    pub(super) fn give(&mut self, attributes: &[u8], shared: usize) {
        self.given = attributes.to_vec();
        self.shared = attributes.get(..shared).unwrap_or_default().to_vec();
        self.encode();
    }

    fn encode(&mut self) {
        self.encoded_id.clone_from(&self.session.borrow().id);
        self.encoded = [self.as_fields(ATTRIBUTES), self.as_fields(LOG_ATTRIBUTES)];
    }

    /// Each key once: what is said of the user first, then the app's shared attributes, then the session.
    fn as_fields(&self, field: u32) -> Vec<u8> {
        let mut out = Writer::default();
        out.add_attributes(0, field, self.given.get(self.shared.len()..).unwrap_or_default());
        out.add_attributes(0, field, &self.shared);
        if !self.encoded_id.is_empty() && !has_key(out.as_slice(), field, SESSION_ID.as_bytes()) {
            out.attribute(field, SESSION_ID, Value::Text(&self.encoded_id));
        }
        out.finish()
    }

    /// What a record of that signal says of it.
    pub(super) fn of(&mut self, signal: Signal, now: Instant, random: &mut Random) -> &[u8] {
        self.touch(now, random);
        match signal {
            Signal::Traces => &self.encoded[0],
            Signal::Logs => &self.encoded[1],
            Signal::Metrics => &[],
        }
    }

    /// What spans say of it.
    pub(super) fn spans(&self) -> &[u8] {
        &self.encoded[0]
    }

    /// The attributes that metrics have too.
    pub(super) fn shared(&self) -> &[u8] {
        &self.shared
    }
}
