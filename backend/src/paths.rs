//! Names and paths that a request brings: what may become part of a file's path or of another request's URL.

use std::path::{Path, PathBuf};

/// Whether a text names one file of a folder, and means nothing else to a path or a URL: letters, digits and
/// `._-+~` and spaces, no dot first.
pub(crate) fn is_file_name(name: &str) -> bool {
    !name.starts_with('.')
        && !name.is_empty()
        && name.chars().all(|c| c.is_alphanumeric() || " ._-+~".contains(c))
}

/// The file at a path within a folder. A segment that is empty, begins with two dots or holds another
/// system's separator leads to none: joined to a folder, an absolute path would take its place.
pub(crate) fn within(folder: &Path, path: &str) -> Option<PathBuf> {
    let plain = |segment: &str| {
        !segment.is_empty()
            && segment != "."
            && !segment.starts_with("..")
            && !segment.contains(['\\', ':', '\0'])
    };
    path.split('/').all(plain).then(|| folder.join(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_within_its_folder() {
        let folder = Path::new("/srv/page");
        assert_eq!(within(folder, "a/b.js"), Some("/srv/page/a/b.js".into()));
        assert_eq!(within(folder, ".well-known/x"), Some("/srv/page/.well-known/x".into()));
        for path in [
            "",
            "/",
            "/etc/passwd",
            "a//etc/passwd",
            "a/",
            "..",
            "../x",
            "a/../../x",
            "./x",
            "..\\x",
            "C:/x",
            "a/\0",
        ] {
            assert_eq!(within(folder, path), None, "{path}");
        }
    }

    #[test]
    fn a_name_is_one_segment() {
        for name in ["first-light", "first_light.mp3", "Ünter dem 1.flac", "a+b~c"] {
            assert!(is_file_name(name), "{name}");
        }
        for name in ["", ".", "..", ".env", "a/b", "a\\b", "../faults", "a?b", "a#b", "a%2fb", "a\0b", "a:b"]
        {
            assert!(!is_file_name(name), "{name}");
        }
    }
}
