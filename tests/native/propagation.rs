//! What goes in and out with a request, against the grammars of its specifications: cases of the W3C test
//! suite, and random texts that are judged by a second reading of the grammar, written otherwise.

use tonearm_base::random::Random;
use tonearm_telemetry::{
    Baggage, BaggageEntry, ParseB3Error, Propagators, TraceState, cmcd, extract, format_b3, inject, parse_b3,
    parse_traceparent,
};

const TRACEPARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03";

fn texts(alphabet: &str, most: u64, count: usize, seed: u64) -> impl Iterator<Item = String> {
    let letters: Vec<char> = alphabet.chars().collect();
    let mut random = Random::seeded([seed, 7]);
    (0..count).map(move |_| {
        let length = random.next_u64() % most;
        (0..length).map(|_| letters[random.next_u64() as usize % letters.len()]).collect()
    })
}

/// The grammar of section 3.3.1 once more, member by member, without what the parser has.
fn is_tracestate(text: &str) -> bool {
    let members: Vec<&str> =
        text.split(',').map(|member| member.trim_matches(|c| c == ' ' || c == '\t')).collect();
    let filled = members.iter().filter(|member| !member.is_empty());
    filled.clone().count() <= 32
        && filled.clone().all(|member| {
            let mut sides = member.splitn(2, '=');
            let (key, value) = (sides.next().unwrap(), sides.next().unwrap_or("="));
            let keychar = |c: char| "abcdefghijklmnopqrstuvwxyz0123456789_-*/@".contains(c);
            let begins = key.starts_with(|c: char| "abcdefghijklmnopqrstuvwxyz0123456789".contains(c));
            let chr = |c: char| (' '..='~').contains(&c) && c != ',' && c != '=';
            begins
                && key.len() <= 256
                && key.chars().all(keychar)
                && !value.is_empty()
                && value.len() <= 256
                && value.chars().all(chr)
        })
}

#[test]
fn tracestate_agrees_with_its_grammar() {
    let mut valid = 0;
    for text in texts("ab1=,_-*/@ \tZ=\u{7f}~,=a", 24, 100_000, 1) {
        let parsed = TraceState::parse(&text);
        assert_eq!(parsed.is_ok(), is_tracestate(&text), "{text:?}: {parsed:?}");
        if let Ok(state) = parsed {
            valid += 1;
            assert_eq!(TraceState::parse(state.as_str()), Ok(state));
        }
    }
    assert!(valid > 3_000, "{valid} of them were valid");
}

#[test]
fn tracestate_stands_the_cases_of_the_w3c_suite() {
    let long = |key: usize, value: usize| format!("{}={}", "k".repeat(key), "v".repeat(value));
    let members =
        |count: usize| (0..count).map(|n| format!("bar{n:02}={n:02}")).collect::<Vec<_>>().join(",");
    for (text, parsed) in [
        ("foo=1,bar=2", Some("foo=1,bar=2")),
        ("foo=1 \t , \t bar=2, \t baz=3", Some("foo=1,bar=2,baz=3")),
        ("foo=1,", Some("foo=1")),
        ("", Some("")),
        ("foo=1,foo=2", Some("foo=1")),
        ("t123456789=1,fw529a3039@dt=2", Some("t123456789=1,fw529a3039@dt=2")),
        ("foo@=1,bar=2", Some("foo@=1,bar=2")),
        ("0foo=1", Some("0foo=1")),
        ("@foo=1", None),
        ("foo =1", None),
        ("FOO=1", None),
        ("foo.bar=1", None),
        ("foo=bar=baz", None),
        ("foo=,bar=3", None),
        ("foo", None),
        (&long(256, 256), Some(&long(256, 256))),
        (&long(257, 1), None),
        (&long(1, 257), None),
        (&members(32), Some(&members(32))),
        (&members(33), None),
    ] {
        assert_eq!(TraceState::parse(text).ok().as_ref().map(TraceState::as_str), parsed, "{text}");
    }
}

#[test]
fn a_member_comes_in_front_and_the_oldest_gives_way() {
    let full = (0..32).map(|n| format!("k{n}=v")).collect::<Vec<_>>().join(",");
    let state = TraceState::parse(&full).unwrap().with("ot", "th:8");
    assert!(state.as_str().starts_with("ot=th:8,k0=v") && !state.as_str().contains("k31"));
    assert_eq!(state.with("ot", "th:c").get("ot"), Some("th:c"));
    for (key, value) in [("Ot", "1"), ("ot", ""), ("ot", "a,b"), ("ot", " a"), ("", "1")] {
        assert_eq!(state.with(key, value), state, "{key:?} {value:?}");
    }
}

#[test]
fn baggage_goes_there_and_back() {
    let octets = "ab%41,;= \t\"\\\u{e9}\u{1f3b5}";
    for (key, value) in
        texts("abc!~", 9, 3_000, 2).zip(texts(octets, 20, 3_000, 3)).filter(|(key, _)| !key.is_empty())
    {
        let mut baggage = Baggage::default();
        baggage.set(BaggageEntry { key, value, properties: String::new() }).unwrap();
        assert_eq!(Baggage::parse(&baggage.header()), Ok(baggage));
    }
}

#[test]
fn baggage_is_read_as_its_grammar_says() {
    let read = |text: &str| Baggage::parse(text).map(|baggage| baggage.header());
    for (text, header) in [
        ("a=1,b=2", "a=1,b=2"),
        ("a = 1 ; p ; q = 2 , b=2;", "a=1;p;q = 2,b=2"),
        ("a=%C3%A9%20%", ""),
        ("a=%C3%A9%20", "a=%C3%A9%20"),
        ("a=%FF", "a=%EF%BF%BD"),
        ("a=1,a=2", "a=2"),
        ("a", ""),
        ("a b=1", ""),
        ("a=\"1\"", ""),
        ("a=1;p p", ""),
        ("=1", ""),
        ("a=", "a="),
    ] {
        assert_eq!(read(text).unwrap_or_default(), header, "{text}");
    }
    let many = (0..65).map(|n| format!("k{n}=v")).collect::<Vec<_>>().join(",");
    assert!(read(&many).is_err() && read(&format!("k={}", "v".repeat(8192))).is_err());
}

/// 8,192 bytes, commas included, and only whole members.
#[test]
fn a_header_of_baggage_has_the_members_that_fit() {
    for (second, length) in [(4095, 8192), (4096, 4096)] {
        let mut baggage = Baggage::default();
        for (key, member) in [("a", 4096), ("b", second)] {
            let value = "v".repeat(member - "a=".len());
            baggage.set(BaggageEntry { key: key.into(), value, properties: String::new() }).unwrap();
        }
        assert_eq!(baggage.header().len(), length);
    }
}

#[test]
fn a_set_hands_on_its_own_formats_alone() {
    let context = parse_traceparent(TRACEPARENT).unwrap();
    let lines = inject(Propagators::TRACE_CONTEXT, &context, "", "user=me").into_lines();
    assert_eq!(lines, format!("traceparent: {TRACEPARENT}\n"));
    let b3 = format_b3(&context);
    let carrier = |name: &str| (name == "b3").then_some(b3.as_str());
    assert!(extract(Propagators::TRACE_CONTEXT, carrier).is_none());
}

#[test]
fn b3_goes_in_and_out() {
    let context = parse_traceparent(TRACEPARENT).unwrap();
    let text = format_b3(&context);
    assert_eq!(text, "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1");
    assert_eq!(parse_b3(&text).unwrap().trace_id, context.trace_id);
    let short = parse_b3("8448eb211c80319c-b7ad6b7169203331").unwrap();
    assert_eq!((short.trace_id[..8].iter().sum::<u8>(), short.flags), (0, 1));
    assert_eq!(parse_b3("8448eb211c80319c-b7ad6b7169203331-0-b7ad6b7169203332").unwrap().flags, 0);
    for (text, error) in [
        ("0", ParseB3Error::NoContext),
        ("", ParseB3Error::Shape),
        ("8448eb211c80319-b7ad6b7169203331-1", ParseB3Error::Shape),
        ("8448EB211c80319c-b7ad6b7169203331-1", ParseB3Error::NotHex),
        ("8448eb211c80319c-0000000000000000-1", ParseB3Error::ZeroId),
        ("8448eb211c80319c-b7ad6b7169203331-2", ParseB3Error::Sampling),
        ("8448eb211c80319c-b7ad6b7169203331-1-b7ad6b7169203332-x", ParseB3Error::Shape),
    ] {
        assert_eq!(parse_b3(text), Err(error), "{text}");
    }
}

#[test]
fn every_format_of_the_set_goes_out_and_the_first_that_is_there_comes_in() {
    let context = parse_traceparent(TRACEPARENT).unwrap();
    let all = Propagators(15);
    let lines = inject(all, &context, "ot=th:8", "user=me").into_lines();
    assert_eq!(
        lines.lines().collect::<Vec<_>>(),
        [
            &format!("traceparent: {TRACEPARENT}"),
            "tracestate: ot=th:8",
            "baggage: user=me",
            "b3: 0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1",
            "x-b3-traceid: 0af7651916cd43dd8448eb211c80319c",
            "x-b3-spanid: b7ad6b7169203331",
            "x-b3-sampled: 1",
        ]
    );
    let carrier = |name: &str| lines.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    let (read, state) = extract(all, carrier).unwrap();
    assert_eq!(
        (read.trace_id, read.span_id, read.flags, state.as_str()),
        (context.trace_id, context.span_id, 3, "ot=th:8")
    );
    for set in [Propagators::B3, Propagators::B3_MULTI] {
        assert_eq!(extract(set, carrier).unwrap().0.trace_id, context.trace_id);
    }
    // A state that is malformed is none; without a traceparent there is none either.
    let broken = |name: &str| {
        [("traceparent", TRACEPARENT), ("tracestate", "A=1")]
            .into_iter()
            .find_map(|(known, value)| (known == name).then_some(value))
    };
    assert_eq!(extract(Propagators::TRACE_CONTEXT, broken).unwrap().1.as_str(), "");
    assert!(extract(all, |name| (name == "tracestate").then_some("a=1")).is_none());
}

#[test]
fn the_query_of_a_media_request_tells_its_trace_and_session() {
    let context = parse_traceparent(TRACEPARENT).unwrap();
    assert_eq!(cmcd(&context, ""), format!("com.tonearm-traceparent=\"{TRACEPARENT}\""));
    assert_eq!(cmcd(&context, "s1"), format!("com.tonearm-traceparent=\"{TRACEPARENT}\",sid=\"s1\""));
}
