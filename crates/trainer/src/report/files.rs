//! The report's files: `summary.json`, `cases.csv` and `index.html`.

use std::path::Path;

use anyhow::{Context, Result};
use image::RgbImage;

use super::html::{self, Shown};
use super::pictures;
use super::summary::Summary;
use crate::eval::CaseResult;
use crate::system::exit::data;
use crate::system::{create_folder, write_atomic};

/// Pictures per group (best, median, worst) in `index.html`.
const PER_GROUP: usize = 4;

/// Writes `summary.json`, `cases.csv` and `index.html` to the folder `out`, creating it where needed.
///
/// `picture` draws one case, given its index in `cases`; it is asked only for the cases that the page shows.
///
/// # Errors
/// `picture` fails or a file cannot be written.
pub(crate) fn write(
    out: &Path,
    summary: &Summary,
    cases: &[CaseResult],
    mut picture: impl FnMut(usize) -> Result<RgbImage>,
) -> Result<()> {
    let mut groups = Vec::new();
    for (title, indices) in showcase(cases) {
        let shown = indices
            .into_iter()
            .map(|index| {
                let png = pictures::png(&picture(index)?)?;
                Ok(Shown {
                    case: &cases[index],
                    png,
                })
            })
            .collect::<Result<Vec<_>>>()?;
        groups.push((title, shown));
    }
    create_folder(out)?;
    let json = serde_json::to_string_pretty(summary)? + "\n";
    write_atomic(&out.join("summary.json"), json.as_bytes())?;
    write_atomic(&out.join("cases.csv"), &cases_csv(cases)?)?;
    write_atomic(
        &out.join("index.html"),
        html::page(summary, &groups).into_string().as_bytes(),
    )
}

/// The numbers of some cases as a table. Every number is read back to the bit.
pub(crate) fn cases_csv(cases: &[CaseResult]) -> Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for case in cases {
        writer.serialize(case)?;
    }
    writer.into_inner().context("writing the table of cases")
}

/// What [`cases_csv`] wrote to a file.
///
/// # Errors
/// It cannot be read, or is something else.
pub(crate) fn read_cases(path: &Path) -> Result<Vec<CaseResult>> {
    let refuse = |error: csv::Error| {
        data(format!(
            "`{}`: is no table of cases ({error}); write it again",
            path.display()
        ))
    };
    let mut reader = csv::Reader::from_path(path).map_err(refuse)?;
    reader
        .deserialize()
        .map(|row| row.map_err(refuse))
        .collect()
}

/// The best, middle and worst cases by Dice, without repetition; cases without a Dice are not shown.
fn showcase(cases: &[CaseResult]) -> [(&'static str, Vec<usize>); 3] {
    let mut ranked: Vec<(f64, usize)> = cases
        .iter()
        .enumerate()
        .filter_map(|(index, case)| Some((case.dice?, index)))
        .collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut rest: Vec<usize> = ranked.into_iter().map(|(_, index)| index).collect();
    let per_group = PER_GROUP.min(rest.len().div_ceil(3));
    let best: Vec<usize> = rest.drain(..per_group).collect();
    let mut worst = rest.split_off(rest.len() - per_group.min(rest.len()));
    worst.reverse();
    let start = (rest.len() - per_group.min(rest.len())) / 2;
    let median = rest.into_iter().skip(start).take(per_group).collect();
    [("Best", best), ("Median", median), ("Worst", worst)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::fixtures::case;
    use crate::report::summary::tests::meta;
    use std::fs;

    fn cases(count: usize) -> Vec<CaseResult> {
        (0..count)
            .map(|i| case(&format!("case-{i}"), "one-side", [i, count, count]))
            .collect()
    }

    #[test]
    fn the_page_shows_best_median_and_worst() {
        let [best, median, worst] = showcase(&cases(101));
        assert_eq!(best.1, [100, 99, 98, 97]);
        assert_eq!(median.1, [52, 51, 50, 49]);
        assert_eq!(worst.1, [0, 1, 2, 3]);
    }

    #[test]
    fn few_cases_are_shown_once_each() {
        for count in 0..8 {
            let mut all: Vec<usize> = showcase(&cases(count))
                .into_iter()
                .flat_map(|g| g.1)
                .collect();
            let shown = all.len();
            all.sort_unstable();
            all.dedup();
            assert_eq!(shown, all.len(), "{count} cases");
            assert!(shown >= count.min(3), "{count} cases, {shown} shown");
        }
    }

    #[test]
    fn three_files_are_written_and_only_shown_cases_are_drawn() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("report");
        let cases = cases(50);
        let summary = Summary::from_cases(&cases, meta());
        let mut drawn = 0;
        write(&out, &summary, &cases, |_| {
            drawn += 1;
            Ok(RgbImage::new(2, 2))
        })
        .unwrap();
        assert_eq!(drawn, 3 * PER_GROUP);
        let json: Summary =
            serde_json::from_slice(&fs::read(out.join("summary.json")).unwrap()).unwrap();
        assert_eq!(json, summary);
        let table = fs::read_to_string(out.join("cases.csv")).unwrap();
        assert!(table.starts_with("id,kind,text,dice,iou,"), "{table}");
        assert_eq!(table.lines().count(), 51);
        let page = fs::read_to_string(out.join("index.html")).unwrap();
        assert_eq!(page.matches("data:image/png;base64,").count(), drawn);
    }

    #[test]
    fn a_table_is_read_back_to_the_bit() {
        let mut cases = cases(7);
        cases[0] = case("a \"b\"", "absent", [0, 0, 0]);
        cases[1].text = "two lines,\nand a comma".into();
        cases[2].text.clear();
        cases[3] = cases[3].clone().unasked();
        cases[4].ms = 0.1 + 0.2;
        cases[5].dice = Some(1.0 / 3.0);
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("cases.csv");
        fs::write(&path, cases_csv(&cases).unwrap()).unwrap();
        assert_eq!(read_cases(&path).unwrap(), cases);
        fs::write(&path, "id,kind\na,b\n").unwrap();
        let said = read_cases(&path).unwrap_err().to_string();
        assert!(said.contains("cases.csv"), "{said}");
    }

    #[test]
    fn a_sentence_with_commas_stays_one_cell_and_no_dice_is_an_empty_one() {
        let mut empty = case("a", "absent", [0, 0, 0]);
        empty.text = "one lung, \"left\"".into();
        let table = String::from_utf8(cases_csv(&[empty]).unwrap()).unwrap();
        assert!(
            table.contains("a,absent,\"one lung, \"\"left\"\"\",,,"),
            "{table}"
        );
    }
}
