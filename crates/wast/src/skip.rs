//! What scripts are known to fail, and why.

use crate::Report;

/// Failures that are excused.
///
/// A list is text: one entry per line, a pattern and a reason. The pattern is the end of a path,
/// with `*` for any characters, and may name a line after a colon. Empty lines and what follows
/// `#` do not count. An entry that excuses nothing is itself a failure, so that the list shrinks
/// with what it excuses.
#[derive(Clone, Debug, Default)]
pub struct SkipList {
    name: String,
    entries: Vec<Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    pattern: String,
    line: Option<usize>,
    reason: String,
    /// Where it stands in the list.
    at: usize,
    used: bool,
}

impl SkipList {
    /// An empty list: nothing is excused.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a list. `name` is what failures call it.
    ///
    /// # Errors
    /// When an entry has no reason; the message says where.
    pub fn parse(name: &str, text: &str) -> Result<Self, String> {
        let mut entries = Vec::new();
        for (i, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or("").trim();
            if line.is_empty() {
                continue;
            }
            let Some((pattern, reason)) = line.split_once(char::is_whitespace) else {
                return Err(format!("{name}:{}: the entry has no reason", i + 1));
            };
            let (pattern, line) = match pattern.rsplit_once(':') {
                Some((path, line)) if line.parse::<usize>().is_ok() => (path, line.parse().ok()),
                _ => (pattern, None),
            };
            let (pattern, reason) = (pattern.into(), reason.trim().into());
            entries.push(Entry {
                pattern,
                line,
                reason,
                at: i + 1,
                used: false,
            });
        }
        Ok(Self {
            name: name.into(),
            entries,
        })
    }

    /// Takes the failures out of a report that an entry excuses.
    pub fn excuse(&mut self, report: &mut Report) {
        let entries = &mut self.entries;
        report.failures.retain(|failure| {
            let mut excused = false;
            for entry in entries.iter_mut() {
                if entry.line.is_none_or(|l| l == failure.line)
                    && matches(&entry.pattern, &failure.file)
                {
                    entry.used = true;
                    excused = true;
                }
            }
            if excused {
                report.counts.failed -= 1;
                report.counts.skipped += 1;
            }
            !excused
        });
    }

    /// Reports the entries that excused nothing.
    pub fn stale(&self, report: &mut Report) {
        for entry in self.entries.iter().filter(|e| !e.used) {
            let message = format!(
                "stale entry `{}` ({}): nothing that it names fails",
                entry.pattern, entry.reason
            );
            report.fail(&self.name, entry.at, message);
        }
    }
}

/// Whether a pattern matches the end of a path, from a `/` or the start on.
fn matches(pattern: &str, path: &str) -> bool {
    let path = path.replace('\\', "/");
    let starts = std::iter::once(0).chain(path.match_indices('/').map(|(i, _)| i + 1));
    starts
        .into_iter()
        .any(|start| glob(pattern.as_bytes(), &path.as_bytes()[start..]))
}

fn glob(pattern: &[u8], text: &[u8]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some((b'*', rest)) => (0..=text.len()).any(|i| glob(rest, &text[i..])),
        Some((c, rest)) => text
            .split_first()
            .is_some_and(|(t, text)| t == c && glob(rest, text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(file: &str, line: usize) -> Report {
        let mut report = Report::default();
        report.fail(file, line, "");
        report
    }

    #[test]
    fn entries_excuse_and_go_stale() {
        let text = "a/*.wast  not done\n# nothing\nb.wast:7 known\nc.wast gone\n";
        let mut list = SkipList::parse("list", text).unwrap();
        let mut all = Report::default();
        for (file, line) in [
            ("x/a/b.wast", 1),
            ("b.wast", 7),
            ("b.wast", 8),
            ("xb.wast", 7),
        ] {
            let mut one = report(file, line);
            list.excuse(&mut one);
            all.add(one);
        }
        assert_eq!((all.counts.failed, all.counts.skipped), (2, 2));
        list.stale(&mut all);
        assert_eq!(all.failures.last().unwrap().line, 4);
        assert!(SkipList::parse("list", "a.wast").is_err());
    }
}
