//! Times side by side, with their ratios: on the terminal, and as JSON.

use super::options::Options;
use crate::Outcome;
use serde_json::{Value, json};

/// The least seconds of one program, by column.
pub struct Row {
    pub name: String,
    /// Infinite if it did not run.
    pub seconds: Vec<f64>,
    pub failures: Vec<Option<String>>,
    /// Why its ratios do not count.
    pub excuse: Option<&'static str>,
}

impl Row {
    pub fn new(name: &str, columns: usize) -> Self {
        Row {
            name: name.into(),
            seconds: vec![f64::INFINITY; columns],
            failures: vec![None; columns],
            excuse: None,
        }
    }

    fn get(&self, column: usize) -> Option<f64> {
        let seconds = self.seconds[column];
        (self.failures[column].is_none() && seconds.is_finite()).then_some(seconds)
    }

    fn ratio(&self, (above, below): (usize, usize)) -> Option<f64> {
        Some(self.get(above)? / self.get(below)?)
    }
}

/// A table while it grows. Ratios are of two columns each.
pub struct Table {
    title: String,
    columns: Vec<String>,
    ratios: Vec<(usize, usize)>,
    rows: Vec<Row>,
}

impl Table {
    /// Prints the head of a table.
    pub fn new(title: &str, columns: Vec<String>, ratios: Vec<(usize, usize)>) -> Self {
        println!("{title}");
        print!("{:28}", "");
        columns.iter().for_each(|name| print!("{name:>14}"));
        for (above, below) in &ratios {
            print!("{:>22}", format!("{}/{}", columns[*above], columns[*below]));
        }
        println!();
        Table {
            title: title.into(),
            columns,
            ratios,
            rows: Vec::new(),
        }
    }

    /// A table of engines: ours against each other.
    pub fn of_engines(title: &str, names: Vec<String>) -> Self {
        let ratios = (1..names.len()).map(|peer| (0, peer)).collect();
        Self::new(title, names, ratios)
    }

    /// Adds a row and prints it.
    pub fn add(&mut self, row: Row) {
        print!("{:28}", row.name);
        for column in 0..self.columns.len() {
            match row.get(column) {
                Some(seconds) => print!("{seconds:14.4}"),
                None => print!("{:>14}", "failed"),
            }
        }
        for pair in &self.ratios {
            match row.ratio(*pair) {
                Some(ratio) => print!("{ratio:22.3}"),
                None => print!("{:22}", ""),
            }
        }
        println!(
            "{}",
            row.excuse
                .map_or(String::new(), |why| format!("  {why}; not counted"))
        );
        for (column, why) in self.columns.iter().zip(&row.failures) {
            if let Some(why) = why {
                println!("    {column}: {why}");
            }
        }
        self.rows.push(row);
    }

    /// Prints what all rows come to, and writes the file that the user asked for.
    pub fn finish(self, options: &Options) -> Outcome {
        println!();
        let summaries: Vec<Value> = self.ratios.iter().map(|pair| self.summary(*pair)).collect();
        let row = |row: &Row| {
            let pairs = self.columns.iter().enumerate();
            let seconds: serde_json::Map<_, _> = pairs
                .map(|(i, name)| (name.clone(), json!(row.get(i))))
                .collect();
            json!({ "name": row.name, "seconds": seconds, "not_counted": row.excuse,
                    "failures": row.failures })
        };
        let rows: Vec<Value> = self.rows.iter().map(row).collect();
        save(
            options,
            &json!({ "title": self.title, "runs": options.runs, "rows": rows,
                     "ratios": summaries }),
        )?;
        let failed = |row: &&Row| row.failures.iter().any(Option::is_some);
        match self.rows.iter().filter(failed).count() {
            0 if self.rows.is_empty() => Err("nothing was measured".into()),
            0 => Ok(()),
            failed => Err(format!("{failed} of {} failed", self.rows.len())),
        }
    }

    fn summary(&self, pair: (usize, usize)) -> Value {
        let name = format!("{}/{}", self.columns[pair.0], self.columns[pair.1]);
        let counted = self.rows.iter().filter(|row| row.excuse.is_none());
        let mut ratios: Vec<_> = counted
            .filter_map(|row| Some((row.ratio(pair)?, row.name.as_str())))
            .collect();
        ratios.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (Some(best), Some(worst)) = (ratios.first(), ratios.last()) else {
            return json!({ "of": name });
        };
        let mean = geometric_mean(ratios.iter().map(|(ratio, _)| *ratio));
        println!(
            "{name}: geometric mean {mean:.3} of {}, best {:.3} {}, worst {:.3} {}",
            ratios.len(),
            best.0,
            best.1,
            worst.0,
            worst.1
        );
        json!({ "of": name, "count": ratios.len(), "geometric_mean": mean,
                "best": { "ratio": best.0, "name": best.1 },
                "worst": { "ratio": worst.0, "name": worst.1 } })
    }
}

/// The geometric mean: not a number if there is nothing.
pub fn geometric_mean(ratios: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = ratios.fold((0.0, 0.0), |(sum, n), ratio| (sum + ratio.ln(), n + 1.0));
    f64::exp(sum / count)
}

/// Writes figures to the file that the user asked for.
pub fn save(options: &Options, figures: &Value) -> Outcome {
    let Some(path) = &options.json else {
        return Ok(());
    };
    let text = serde_json::to_string_pretty(figures).expect("values can be written");
    std::fs::write(path, text).map_err(|e| format!("cannot write `{}`: {e}", path.display()))
}
