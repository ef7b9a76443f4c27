//! The floors of the house. Between crates Cargo holds them: a test compares what each crate depends on with
//! the table. Within the player's crate a test reads every `crate::…` path, brace lists and `super` chains
//! expanded.

use std::path::{Path, PathBuf};

/// Each crate below the browser, and those of ours that it may use.
const CRATES: [(&str, &[&str]); 9] = [
    ("base", &[]),
    ("formats", &[]),
    ("gzip", &[]),
    ("media", &["formats", "messages"]),
    ("messages", &["base"]),
    ("otlp", &[]),
    ("player", &["base", "messages", "telemetry"]),
    ("records", &["otlp"]),
    ("telemetry", &["base", "gzip", "otlp"]),
];

/// What the modules of the Worker and that of the records export to their scripts and import of them, enums
/// included.
const EXPORTS: [&str; 8] = [
    "crates/formats/src/exports.rs",
    "crates/formats/src/sniff.rs",
    "crates/formats/src/track/format.rs",
    "crates/media/src/exports.rs",
    "crates/media/src/exports/decoder.rs",
    "crates/media/src/exports/track.rs",
    "crates/media/src/message_kinds.rs",
    "crates/records/src/exports.rs",
];

/// Each module of the player's crate and its floor; modules of one floor do not know each other.
const FLOORS: [(&str, u32); 4] = [("playback", 1), ("qoe", 2), ("instrumentation", 3), ("engine", 4)];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What a manifest's `[dependencies]` name of ours.
fn dependencies(manifest: &str) -> Vec<String> {
    let mut ours = Vec::new();
    let mut section = "";
    for line in manifest.lines() {
        if line.starts_with('[') {
            section = line;
        } else if section.ends_with("dependencies]")
            && !section.contains("dev-")
            && let Some(rest) = line.strip_prefix("tonearm-")
        {
            let name: String = rest.chars().take_while(char::is_ascii_lowercase).collect();
            if !ours.contains(&name) {
                ours.push(name);
            }
        }
    }
    ours.sort();
    ours
}

#[test]
fn crates_depend_on_lower_floors_alone() {
    let mut folders: Vec<_> = std::fs::read_dir(root().join("crates"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    folders.sort();
    assert_eq!(folders, CRATES.map(|(name, _)| name.to_owned()));
    for (name, allowed) in CRATES {
        let manifest = std::fs::read_to_string(root().join(format!("crates/{name}/Cargo.toml"))).unwrap();
        assert_eq!(dependencies(&manifest), *allowed, "{name}");
    }
}

#[test]
fn a_dependency_is_found_in_every_section() {
    let manifest = "[dependencies]\ntonearm-base.workspace = true\n[dev-dependencies]\ntonearm-otlp = {}\n\
                    [target.'cfg(unix)'.dependencies]\ntonearm-player = { path = \"x\" }\n";
    assert_eq!(dependencies(manifest), ["base", "player"]);
}

fn floor(module: &str) -> Option<u32> {
    FLOORS.iter().find(|(name, _)| *name == module).map(|(_, floor)| *floor)
}

/// Every top-level module that `source`, the file of module `path` (its parts below the crate), reaches for.
fn reaches(source: &str, path: &[String]) -> Vec<String> {
    let code: String =
        source.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let mut found = Vec::new();
    for (start, _) in code.match_indices("crate::") {
        let rest = &code[start + "crate::".len()..];
        if let Some(list) = rest.strip_prefix('{') {
            let mut depth = 1;
            let mut item = String::new();
            for c in list.chars() {
                match c {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    ',' if depth == 1 => found.push(std::mem::take(&mut item)),
                    _ if depth >= 1 => item.push(c),
                    _ => {}
                }
                if depth == 0 {
                    break;
                }
            }
            found.push(item);
        } else {
            found.push(rest.into());
        }
    }
    // `super` counted up from the file's own module: past the top it names a sibling floor.
    for (start, _) in code.match_indices("super::") {
        if code[..start].ends_with("super::") {
            continue;
        }
        let mut rest = &code[start..];
        let mut ups = 0;
        while let Some(next) = rest.strip_prefix("super::") {
            rest = next;
            ups += 1;
        }
        if ups >= path.len() {
            found.push(rest.trim_start_matches('{').into());
        }
    }
    let name = |item: &String| {
        item.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>()
    };
    found.iter().map(name).filter(|name| floor(name).is_some()).collect()
}

fn files(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, out);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            out.push(path);
        }
    }
}

fn violations(module: &str, path: &[String], source: &str) -> Vec<String> {
    let own = floor(module).unwrap_or_else(|| panic!("module {module} has no floor"));
    let allowed = |other: &String| {
        let below = floor(other).is_some_and(|floor| floor < own);
        other == module || below || (own == 0 && floor(other) == Some(0))
    };
    reaches(source, path).into_iter().filter(|other| !allowed(other)).collect()
}

#[test]
fn imports_go_down() {
    let root = root().join("crates/player/src");
    let mut all = Vec::new();
    files(&root, &mut all);
    assert!(all.len() > 20);
    for file in all {
        let relative = file.strip_prefix(&root).unwrap().with_extension("");
        let mut path: Vec<String> = relative.iter().map(|part| part.to_string_lossy().into_owned()).collect();
        if path.last().is_some_and(|last| last == "mod") {
            path.pop();
        }
        let Some(module) = path.first().filter(|module| *module != "lib") else { continue };
        let source = std::fs::read_to_string(&file).unwrap();
        let wrong = violations(module, &path, &source);
        assert!(wrong.is_empty(), "{} reaches up or sideways for {wrong:?}", file.display());
    }
}

#[test]
fn the_check_finds_what_it_should() {
    let path = |parts: &[&str]| parts.iter().map(|part| (*part).to_owned()).collect::<Vec<_>>();
    let totals = path(&["qoe", "totals"]);
    assert_eq!(violations("qoe", &totals, "use crate::engine::Player;"), ["engine"]);
    assert_eq!(violations("qoe", &totals, "use crate::{playback::State, engine::Engine};"), ["engine"]);
    assert_eq!(violations("qoe", &totals, "use super::super::engine::Engine;"), ["engine"]);
    assert!(
        violations("qoe", &totals, "use super::startup::StartUp; use crate::playback::State;").is_empty()
    );
    let machine = path(&["playback", "machine"]);
    assert_eq!(violations("playback", &machine, "let x = crate::qoe::Totals::default();"), ["qoe"]);
    assert!(violations("engine", &path(&["engine"]), "use crate::instrumentation::PlayTrace;").is_empty());
}

/// Below `src/` nothing reads a clock, draws a random number or does I/O, but for what an `exports` module
/// hands in.
#[test]
fn the_floors_below_the_browser_are_deterministic() {
    let words = [
        "SystemTime",
        "time::Instant::now",
        "std::fs",
        "std::net",
        "std::thread",
        "js_sys",
        "web_sys",
        "wasm_bindgen",
        "gloo_timers",
    ];
    let mut all = Vec::new();
    for (name, _) in CRATES {
        files(&root().join(format!("crates/{name}/src")), &mut all);
    }
    assert!(all.len() > 100);
    files(&root().join("src/opentelemetry"), &mut all);
    files(&root().join("src/front_end"), &mut all);
    for file in all {
        let relative = file.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
        let source = std::fs::read_to_string(&file).unwrap();
        // The API's own times are of that type: as data, that others have read.
        let data = if relative.starts_with("src/opentelemetry") { "SystemTime" } else { "" };
        assert!(!source.contains("SystemTime::now"), "{relative} reads a clock");
        let exported: &[&str] = if EXPORTS.contains(&relative.as_str()) {
            &["gloo_timers", "js_sys", "wasm_bindgen"]
        } else {
            &[]
        };
        for word in words.into_iter().filter(|word| *word != data && !exported.contains(word)) {
            assert!(!source.contains(word), "{relative} knows {word}");
        }
    }
}

#[test]
fn what_the_extended_core_has_is_asked_for_in_one_place() {
    let folder = root().join("crates/telemetry/src");
    let mut sources = Vec::new();
    files(&folder, &mut sources);
    let asking: Vec<_> = sources
        .iter()
        .filter(|file| std::fs::read_to_string(file).unwrap().contains("feature = \"full\""))
        .map(|file| file.strip_prefix(&folder).unwrap())
        .collect();
    assert_eq!(asking, [Path::new("policy.rs")]);
}
