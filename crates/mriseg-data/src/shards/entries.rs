//! The entries of a tar file: which case each belongs to, and where it lies.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::Deserialize;
use tar::Archive;

use super::layout::{BLOCK, Kind};
use crate::DataError;

/// Longest description of a case that is read.
const LONGEST_JSON: u64 = 1 << 20;

/// Contents of `<key>.json`.
#[derive(Debug, Deserialize)]
pub(super) struct Description {
    pub(super) id: String,
    pub(super) text: String,
    pub(super) picture: Option<u64>,
}

/// Where the contents of an entry lie.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    pub(super) offset: u64,
    pub(super) bytes: u32,
    pub(super) kind: Kind,
}

/// The entries of one key.
#[derive(Debug, Default)]
pub(super) struct Group {
    pub(super) key: String,
    pub(super) description: Option<Description>,
    pub(super) image: Option<Part>,
    pub(super) mask: Option<Part>,
    pub(super) lungs: Option<Part>,
}

impl Group {
    /// Where a part that is no description goes.
    fn slot(&mut self, kind: Kind) -> &mut Option<Part> {
        match kind {
            Kind::Mask => &mut self.mask,
            Kind::Lungs => &mut self.lungs,
            _ => &mut self.image,
        }
    }
}

/// The entries of a tar file by key; reads the contents of descriptions only.
pub(super) fn groups(
    path: &Path,
    faulty: impl Fn(String) -> DataError,
) -> Result<Vec<Group>, DataError> {
    let unreadable = DataError::unreadable(path);
    let cut_off = |at: &str| {
        faulty(format!(
            "is cut off {at}; copy or download the file again, or pack the data again"
        ))
    };
    let damaged = |error: std::io::Error, last: &str| {
        faulty(format!(
            "is no tar file, or damaged {}: {error}; copy or download it again, or pack the data again",
            after(last)
        ))
    };
    let file = File::open(path).map_err(&unreadable)?;
    let length = file.metadata().map_err(&unreadable)?.len();
    let mut archive = Archive::new(file);
    let mut groups: Vec<Group> = Vec::new();
    let (mut last, mut end) = (String::new(), 0);
    for entry in archive.entries_with_seek().map_err(&unreadable)? {
        let mut entry = entry.map_err(|error| damaged(error, &last))?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let (offset, bytes) = (entry.raw_file_position(), entry.size());
        end = offset.saturating_add(bytes.next_multiple_of(BLOCK));
        if end > length {
            return Err(cut_off(&format!("within `{name}`")));
        }
        last.clone_from(&name);
        let Some((key, part)) =
            key_and_part(&name).filter(|_| entry.header().entry_type().is_file())
        else {
            continue;
        };
        let key = key.to_owned();
        let Some(kind) = Kind::named(part) else {
            continue;
        };
        if groups.last().is_none_or(|group| group.key != key) {
            groups.push(Group {
                key,
                ..Group::default()
            });
        }
        let Some(group) = groups.last_mut() else {
            continue;
        };
        if kind == Kind::Json {
            let mut json = Vec::new();
            (&mut entry)
                .take(LONGEST_JSON)
                .read_to_end(&mut json)
                .map_err(|error| damaged(error, &name))?;
            group.description = Some(describe(&json).map_err(|reason| {
                faulty(format!(
                    "`{name}` {reason}; mend it, or pack the data again"
                ))
            })?);
            continue;
        }
        let bytes = u32::try_from(bytes).map_err(|_| {
            faulty(format!(
                "`{name}` has {bytes} bytes, which no picture has; pack the data again"
            ))
        })?;
        *group.slot(kind) = Some(Part {
            offset,
            bytes,
            kind,
        });
    }
    // A file that is cut off between two entries ends without its two empty blocks.
    if length < end + 2 * BLOCK {
        return Err(cut_off(&after(&last)));
    }
    Ok(groups)
}

fn after(last: &str) -> String {
    if last.is_empty() {
        "before its first entry".to_owned()
    } else {
        format!("after `{last}`")
    }
}

fn describe(json: &[u8]) -> Result<Description, String> {
    let description: Description = serde_json::from_slice(json)
        .map_err(|error| format!("does not hold \"id\" and \"text\" ({error})"))?;
    if description.text.trim().is_empty() {
        return Err("has an empty \"text\"".to_owned());
    }
    Ok(description)
}

/// `000123` and `mask.png` of `000123.mask.png`: the key ends at the first dot of the file's name. Names that begin
/// with a dot, as some systems add them, have none.
fn key_and_part(name: &str) -> Option<(&str, &str)> {
    let name = name.strip_prefix("./").unwrap_or(name);
    let begin = name.rfind('/').map_or(0, |slash| slash + 1);
    let dot = begin + name[begin..].find('.')?;
    (dot > begin).then(|| (&name[..dot], &name[dot + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_ends_at_the_first_dot_of_the_name() {
        let found = |name: &str| key_and_part(name).map(|(key, part)| format!("{key} {part}"));
        assert_eq!(found("000123.mask.png").unwrap(), "000123 mask.png");
        assert_eq!(found("./a.b/7.JPG").unwrap(), "a.b/7 JPG");
        assert_eq!(found("a/._7.jpg"), None);
        assert_eq!(found("readme"), None);
    }
}
