//! What each part of a sentence does to the mask, and whether it should: wordings, side, zone, count, noun and filler
//! words, negation, irrelevant requests, the lungs themselves, and pictures as they come. After the prompt probes of
//! arXiv 2605.01266 and the robustness tests of VoxTell (arXiv 2511.11450).

use anyhow::Result;
use mriseg::image::Mask;
use mriseg::metrics::Overlap;
use mriseg::reading::{Findings, Request, Side};
use mriseg_data::answer::zones_of;
use mriseg_data::wording::written;
use mriseg_data::{Disturbance, Wording, answer};
use rayon::prelude::*;

use super::evaluator::Evaluator;
use super::prompt_probe::{Measure, ProbeRow, PromptProbe, is_right};
use super::score::{CaseResult, mean, mean_dice};
use super::side_swap;
use crate::data::{Asking, CaseCache, Question, TextMode, rng};
use crate::system::Display;

/// From a case's sentence of [`written`] to the next case's; prime to their number, so that all have their turn.
const STRIDE: usize = 61;

/// Asks the cases of a data set, at most `limit`.
struct Prober<'a> {
    evaluator: &'a Evaluator<'a>,
    cache: &'a CaseCache,
    limit: usize,
    display: Display,
    /// Dice of the data's own sentences and pictures.
    plain: Option<f64>,
    rows: Vec<ProbeRow>,
}

impl PromptProbe {
    /// Asks the first `limit` cases in all ways, and the pictures of `lungs`, whose lungs are annotated and were held
    /// out from training.
    ///
    /// # Errors
    /// A case cannot be loaded.
    pub(crate) fn measure(
        evaluator: &Evaluator<'_>,
        cache: &CaseCache,
        lungs: Option<&CaseCache>,
        limit: usize,
        display: Display,
    ) -> Result<Self> {
        let limit = limit.min(cache.dataset().len());
        let mut prober = Prober {
            evaluator,
            cache,
            limit,
            display,
            plain: None,
            rows: Vec::new(),
        };
        prober.wordings()?;
        prober.written()?;
        prober.ladder()?;
        prober.sides()?;
        prober.parts()?;
        prober.empty()?;
        prober.lungs(cache)?;
        if let Some(lungs) = lungs {
            prober.lungs(lungs)?;
        }
        prober.pictures()?;
        prober.sentences()?;
        Ok(Self { rows: prober.rows })
    }
}

impl Prober<'_> {
    fn row(
        &mut self,
        group: &str,
        name: &str,
        cases: usize,
        measure: Measure,
        value: Option<f64>,
        should: &str,
    ) {
        let relative = match (measure, value, self.plain) {
            (Measure::Dice, Some(value), Some(plain)) if group != "lungs" && plain > 0.0 => {
                Some(value / plain)
            }
            _ => None,
        };
        self.rows.push(ProbeRow {
            group: group.to_owned(),
            name: name.to_owned(),
            cases,
            measure,
            value,
            relative,
            should: should.to_owned(),
        });
    }

    fn dice(&mut self, group: &str, name: &str, cases: &[CaseResult], should: &str) {
        let value = mean_dice(cases);
        self.row(group, name, cases.len(), Measure::Dice, value, should);
    }

    fn ask(&self, asking: Asking) -> Result<Vec<CaseResult>> {
        self.evaluator
            .run(self.cache, self.limit, asking, self.display)
    }

    fn answers(&self, questions: &[Question]) -> Result<Vec<CaseResult>> {
        self.evaluator.answers(self.cache, questions, self.display)
    }

    fn right_share(&mut self, name: &str, cases: &[CaseResult], should: &str) {
        let right = cases.iter().map(|case| is_right(case.dice));
        let value = mean(right.map(|right| f64::from(u8::from(right))));
        self.row("wording", name, cases.len(), Measure::Right, value, should);
    }

    /// The same findings in other words.
    fn wordings(&mut self) -> Result<()> {
        let given = self.ask(Asking::GIVEN)?;
        self.plain = mean_dice(&given);
        self.dice("wording", "given", &given, "");
        self.right_share("given", &given, "");
        for wording in Wording::ALL {
            let cases = self.ask(Asking {
                wording: Some(wording),
                ..Asking::GIVEN
            })?;
            self.dice("wording", wording.as_str(), &cases, "as plain");
        }
        Ok(())
    }

    /// Sentences of people who knew nothing of the generator, each where there is something of what it asks for.
    fn written(&mut self) -> Result<()> {
        let questions = self.questions(self.cache, |index, findings| {
            let findings = findings?;
            let from = index * STRIDE;
            let mut next = (from..from + written().len()).map(|i| written()[i % written().len()]);
            let suits = |request: &Request| {
                let zones = zones_of(request);
                zones.is_empty() || !zones.is_disjoint(&findings)
            };
            let (request, text) = next.find(|(request, _)| suits(request))?;
            Some((request, text.to_owned()))
        })?;
        let cases = self.answers(&questions)?;
        self.right_share("written by strangers", &cases, "as plain");
        Ok(())
    }

    /// From the bare finding to the full sentence.
    fn ladder(&mut self) -> Result<()> {
        type Rung = fn(&Findings) -> (Request, String);
        let rungs: [(&str, Rung); 4] = [
            ("finding", |_| (Request::Everything, "infection".to_owned())),
            ("side", |findings| match findings.only_side() {
                Some(side) => (Request::Side(side), format!("infection in the {side} lung")),
                None => (Request::Everything, "infection in both lungs".to_owned()),
            }),
            ("side and zone", |findings| {
                let sentence = findings.to_sentence();
                let places = sentence.rsplit(", ").next().unwrap_or_default();
                (Request::Zones(*findings), places.to_owned())
            }),
            ("full sentence", |findings| {
                (Request::Zones(*findings), findings.to_sentence())
            }),
        ];
        for (name, rung) in rungs {
            let questions = self.questions(self.cache, |_, findings| {
                findings
                    .filter(|findings| !findings.is_empty())
                    .map(|findings| rung(&findings))
            })?;
            let cases = self.answers(&questions)?;
            self.dice("ladder", name, &cases, "");
        }
        Ok(())
    }

    fn sides(&mut self) -> Result<()> {
        for (name, wording) in [("given", None), ("held-out", Some(Wording::HeldOut))] {
            let (cache, limit) = (self.cache, self.limit);
            let swap = side_swap::measure(self.evaluator, cache, limit, wording, self.display)?;
            let pairs = swap.side_pairs;
            let moved = (pairs > 0).then(|| swap.side_pairs_moved as f64 / pairs as f64);
            self.row("side", name, pairs, Measure::Moved, moved, "1");
            let wrong = swap.wrong_side_pixels;
            self.row("side", name, 2 * pairs, Measure::WrongSide, wrong, "0");
        }
        Ok(())
    }

    /// One word exchanged.
    fn parts(&mut self) -> Result<()> {
        type Change = fn(&Findings) -> String;
        fn finding(findings: &Findings, other: &str) -> String {
            findings.to_sentence().replace("pulmonary infection", other)
        }
        let changes: [(&str, Change, &str); 5] = [
            ("zone: upper and lower exchanged", upside_down, "low"),
            ("count", other_count, "1"),
            ("finding: opacity", |f| finding(f, "opacity"), "1"),
            (
                "finding: consolidation",
                |f| finding(f, "consolidation"),
                "1",
            ),
            (
                "filler",
                |f| {
                    format!(
                        "Portable chest radiograph of today, please: {}",
                        f.to_sentence()
                    )
                },
                "1",
            ),
        ];
        let findings: Vec<(usize, Findings)> = self.stated(self.cache);
        for (name, change, should) in changes {
            let questions: Vec<Question> = findings
                .iter()
                .filter(|(_, findings)| !findings.is_empty())
                .map(|(index, findings)| (*index, [findings.to_sentence(), change(findings)]))
                .filter(|(_, [plain, changed])| plain != changed)
                .flat_map(|(index, pair)| pair.map(|text| Question::of(index, text)))
                .collect();
            let masks = self.evaluator.masks(self.cache, &questions, self.display)?;
            let value = mean(masks.chunks_exact(2).filter_map(agreement));
            let pairs = questions.len() / 2;
            self.row("part", name, pairs, Measure::Unchanged, value, should);
        }
        Ok(())
    }

    /// Sentences whose right answer is an empty mask, in words that training did not have.
    fn empty(&mut self) -> Result<()> {
        for (name, request) in [
            ("negation", Request::Nothing),
            ("irrelevant request", Request::Other),
        ] {
            let questions = self.questions(self.cache, |index, _| {
                Some((request, self.say(Wording::HeldOut, &request, index)))
            })?;
            let cases = self.answers(&questions)?;
            self.empty_share("empty", name, &cases);
        }
        Ok(())
    }

    fn empty_share(&mut self, group: &str, name: &str, cases: &[CaseResult]) {
        let empty = cases
            .iter()
            .map(|case| f64::from(u8::from(case.predicted_area == 0)));
        self.row(group, name, cases.len(), Measure::Empty, mean(empty), "1");
    }

    /// The organ, where it is annotated, in words that training did not have; and findings where there are none.
    fn lungs(&mut self, cache: &CaseCache) -> Result<()> {
        let requests = |index: usize| match index % 3 {
            0 => None,
            1 => Some(Side::Left),
            _ => Some(Side::Right),
        };
        let name = cache.dataset().name();
        let questions = self.questions(cache, |index, _| {
            let request = Request::Lungs(requests(index));
            Some((request, self.say(Wording::HeldOut, &request, index)))
        })?;
        if questions.is_empty() {
            return Ok(());
        }
        let cases = self.evaluator.answers(cache, &questions, self.display)?;
        self.dice("lungs", &format!("lungs of {name}"), &cases, "1");
        let all = self.stated(self.cache);
        let healthy = self.questions(cache, |index, findings| {
            findings?.is_empty().then_some(())?;
            let (_, findings) = all.get(index % all.len().max(1))?;
            let request = Request::Zones(*findings);
            Some((request, self.say(Wording::HeldOut, &request, index)))
        })?;
        if !healthy.is_empty() {
            let cases = self.evaluator.answers(cache, &healthy, self.display)?;
            self.empty_share("empty", "findings on pictures without", &cases);
        }
        Ok(())
    }

    fn pictures(&mut self) -> Result<()> {
        for kind in Disturbance::ALL {
            if kind == Disturbance::Plain {
                continue;
            }
            let cases = self.ask(Asking {
                pictures: kind,
                ..Asking::GIVEN
            })?;
            self.dice("picture", kind.as_str(), &cases, "as plain");
        }
        Ok(())
    }

    /// Another sentence, or none.
    fn sentences(&mut self) -> Result<()> {
        for mode in [TextMode::Shuffled, TextMode::WrongSide, TextMode::None] {
            let cases = self.ask(Asking::with(mode))?;
            self.dice("sentence", mode.as_str(), &cases, "low");
        }
        Ok(())
    }

    fn say(&self, wording: Wording, request: &Request, index: usize) -> String {
        let mut rng = rng("probe", self.evaluator.seed, index as u64);
        wording.say(request, &mut rng)
    }

    /// What the sentences of the data state, of those that are of its grammar.
    fn stated(&self, cache: &CaseCache) -> Vec<(usize, Findings)> {
        (0..self.limit.min(cache.dataset().len()))
            .filter_map(|index| Some((index, Findings::parse(cache.dataset().text(index))?)))
            .collect()
    }

    /// Questions that `ask` makes of a case and what its sentence states, where the annotations have the answer.
    fn questions(
        &self,
        cache: &CaseCache,
        ask: impl Fn(usize, Option<Findings>) -> Option<(Request, String)> + Sync,
    ) -> Result<Vec<Question>> {
        let dataset = cache.dataset();
        let convention = dataset.side_convention();
        let questions = (0..self.limit.min(dataset.len()))
            .into_par_iter()
            .map(|index| {
                let Some((request, text)) = ask(index, Findings::parse(dataset.text(index))) else {
                    return Ok(None);
                };
                let answerable = answer(&cache.load(index)?, &request, convention).is_some();
                Ok(answerable.then(|| Question {
                    request: Some(request),
                    ..Question::of(index, text)
                }))
            })
            .collect::<Result<Vec<_>>>()?;
        Ok(questions.into_iter().flatten().collect())
    }
}

/// Dice of two masks of one picture; `None` when both are empty.
fn agreement(pair: &[Mask]) -> Option<f64> {
    Overlap::of(&pair[0].pixels, &pair[1].pixels).dice()
}

/// The sentence with upper and lower exchanged.
fn upside_down(findings: &Findings) -> String {
    let turn = |[upper, middle, lower]: [bool; 3]| [lower, middle, upper];
    let turned = Findings {
        left: turn(findings.left),
        right: turn(findings.right),
    };
    turned.to_sentence()
}

/// The sentence with another number of areas than the zones bear out.
fn other_count(findings: &Findings) -> String {
    const COUNTS: [&str; 6] = ["one", "two", "three", "four", "five", "six"];
    let sentence = findings.to_sentence();
    if findings.count() == 1 {
        return sentence.replace("one infected area", "three infected areas");
    }
    let counted = (COUNTS.iter()).position(|n| sentence.contains(&format!(", {n} infected areas")));
    counted.map_or(sentence.clone(), |at| {
        sentence.replace(COUNTS[at], COUNTS[if at == 1 { 3 } else { 1 }])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_word_is_exchanged_and_the_rest_stays() {
        let findings = Findings {
            left: [true, false, false],
            right: [false, true, true],
        };
        assert_eq!(
            other_count(&findings),
            "bilateral pulmonary infection, two infected areas, upper left lung and middle lower right lung."
        );
        assert_eq!(
            upside_down(&findings),
            "bilateral pulmonary infection, three infected areas, lower left lung and upper middle right lung."
        );
    }

    #[test]
    fn every_written_sentence_has_its_turn() {
        let count = written().len();
        let asked: std::collections::BTreeSet<usize> =
            (0..count).map(|index| index * STRIDE % count).collect();
        assert_eq!(asked.len(), count);
    }
}
