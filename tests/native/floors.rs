//! The floors of the house: who may import whom. Reads every `crate::…` path of `src/`, brace lists and
//! `super` chains expanded, against the table.

use std::path::{Path, PathBuf};

/// Each module and its floor; modules of one floor do not know each other, but for those of floors 0, 5 and
/// 6.
const FLOORS: [(&str, u32); 12] = [
    ("time", 0),
    ("random", 0),
    ("small_map", 0),
    ("decimal", 0),
    ("playback", 1),
    ("telemetry", 1),
    ("qoe", 2),
    ("instrumentation", 3),
    ("otel", 3),
    ("engine", 4),
    ("browser", 5),
    ("exports", 6),
];

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
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut all = Vec::new();
    files(&root, &mut all);
    assert!(all.len() > 30);
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
    let telemetry = path(&["telemetry", "span"]);
    assert_eq!(violations("telemetry", &telemetry, "use crate::playback::State;"), ["playback"]);
    assert_eq!(
        violations("telemetry", &telemetry, "use crate::{time::Instant, engine::Engine};"),
        ["engine"]
    );
    assert_eq!(violations("telemetry", &telemetry, "use super::super::playback::State;"), ["playback"]);
    assert!(
        violations("telemetry", &telemetry, "use super::config::Config; use crate::random::Random;")
            .is_empty()
    );
    assert_eq!(
        violations("time", &path(&["time"]), "let x = crate::telemetry::Config::default();"),
        ["telemetry"]
    );
    assert!(violations("engine", &path(&["engine"]), "use crate::instrumentation::PlayTrace;").is_empty());
}

/// Below `src/browser/` nothing reads a clock, draws a random number or does I/O.
#[test]
fn the_floors_below_the_browser_are_deterministic() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut all = Vec::new();
    files(&root, &mut all);
    let words = [
        "SystemTime",
        "time::Instant::now",
        "std::fs",
        "std::net",
        "std::thread",
        "js_sys",
        "web_sys",
        "wasm_bindgen",
    ];
    for file in all {
        let relative = file.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
        if relative.starts_with("browser") || relative.starts_with("exports") {
            continue;
        }
        let source = std::fs::read_to_string(&file).unwrap();
        // The API's own times are of that type: as data, that others have read.
        let data = if relative.starts_with("otel") { "SystemTime" } else { "" };
        assert!(!source.contains("SystemTime::now"), "{relative} reads a clock");
        for word in words.into_iter().filter(|word| *word != data) {
            assert!(!source.contains(word), "{relative} knows {word}");
        }
    }
}

/// The scripts write some attributes themselves: their names are those of `semconv.rs`, under the same
/// constants.
#[test]
fn the_scripts_spell_no_name_of_their_own() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let ours = std::fs::read_to_string(root.join("src/instrumentation/semconv.rs")).unwrap();
    let scripts = std::fs::read_to_string(root.join("src/instrumentation/semconv.js")).unwrap();
    let mut names = 0;
    for line in scripts.lines().filter_map(|line| line.strip_prefix("export const ")) {
        let (constant, name) = line.trim_end_matches(';').split_once(" = ").unwrap();
        let expected = format!("pub const {constant}: &str = {};", name.replace('\'', "\""));
        assert!(ours.contains(&expected), "{line}");
        names += 1;
    }
    assert!(names > 10);
}
