//! What a training case is asked: the sentence of the data, said in many ways, or another question that the picture's
//! annotations answer.
//!
//! A data set with one sentence per picture lets a model ignore the sentence, and one spelling per sentence teaches no
//! language. Every [`Request`] has its own answer on the same picture: one lung, all findings, none, the lungs
//! themselves, or nothing at all.

use mriseg::image::Mask;
use mriseg::reading::{Findings, Request, Side};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::answer::answer;
use crate::wording::Wording;
use crate::{Case, SideConvention};
use mriseg::reading::all_zones;

/// How often training asks for what. Shares of the cases; what they leave is asked as the data asks.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RequestMix {
    /// Sentences of the data that are said in other words; requests that the data does not know always are.
    pub reworded: f64,
    /// One side of the picture, present or absent.
    pub side: f64,
    /// All findings, without a place.
    pub everything: f64,
    /// No findings ("the lungs are clear").
    pub nothing: f64,
    /// The lungs themselves, where they are annotated.
    pub lungs: f64,
    /// Something that is neither.
    pub other: f64,
    /// Share of the training over which all of these grow from nothing: what a zone is, is learned sooner from sentences
    /// that always name it alike.
    pub warmup: f64,
}

impl Default for RequestMix {
    fn default() -> Self {
        Self {
            reworded: 0.75,
            side: 0.12,
            everything: 0.08,
            nothing: 0.05,
            lungs: 0.12,
            other: 0.08,
            warmup: 0.3,
        }
    }
}

impl RequestMix {
    /// Only what the data asks, in its own words.
    pub fn none() -> Self {
        Self {
            reworded: 0.0,
            side: 0.0,
            everything: 0.0,
            nothing: 0.0,
            lungs: 0.0,
            other: 0.0,
            warmup: 0.0,
        }
    }

    /// The shares after a part `done` of the training, 0 to 1.
    pub fn at(&self, done: f64) -> Self {
        let grown = if done < self.warmup {
            done / self.warmup
        } else {
            1.0
        };
        Self {
            reworded: grown * self.reworded,
            side: grown * self.side,
            everything: grown * self.everything,
            nothing: grown * self.nothing,
            lungs: grown * self.lungs,
            other: grown * self.other,
            warmup: self.warmup,
        }
    }

    /// The shares of the questions that the data does not ask, by name; together at most 1.
    pub fn questions(&self) -> [(&'static str, f64); 5] {
        [
            ("side", self.side),
            ("everything", self.everything),
            ("nothing", self.nothing),
            ("lungs", self.lungs),
            ("other", self.other),
        ]
    }
}

/// A question about a picture with its answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// The request; `None` where the sentence of the data is not of the grammar, and stays as it is.
    pub request: Option<Request>,
    /// What is asked for, of the picture's size.
    pub mask: Mask,
    /// Whether it is the data's own question.
    pub own: bool,
    /// Whether it is said in other words than the data's.
    pub reworded: bool,
}

/// Probability that healthy lungs are asked for some finding instead of for none. The answer is nothing either way, but to
/// see that a picture shows none is harder to learn than to read that a sentence names none.
const DOUBTED: f64 = 0.75;

/// Probability that a picture whose findings are known one by one is asked for zones of which only some have one, or for
/// all but one: the sentences of the data never name more than there is.
const ANY_ZONES: f64 = 0.15;

/// Chooses a question for a training case at random.
pub fn ask(
    case: &Case,
    convention: SideConvention,
    mix: &RequestMix,
    rng: &mut ChaCha8Rng,
) -> Asked {
    let Some(stated) = Findings::parse(&case.text) else {
        return Asked {
            request: None,
            mask: case.mask.clone(),
            own: true,
            reworded: false,
        };
    };
    let plain = Request::from(stated);
    let mut dice: f64 = rng.random();
    let mut chosen = |share: f64| {
        dice -= share;
        dice < 0.0
    };
    let side = Side::BOTH[rng.random_range(0..2)];
    let unspecific = rng.random_bool(0.5);
    let healthy = stated.is_empty() && case.mask.is_empty() && case.lesions.is_empty();
    let doubted = healthy && mix.reworded > 0.0 && rng.random_bool(DOUBTED);
    let exact = !case.lesions.is_empty() && mix.reworded > 0.0;
    let any_zones = exact && rng.random_bool(ANY_ZONES);
    let request = if chosen(mix.side) {
        side_request(&stated, side, unspecific)
    } else if chosen(mix.everything) {
        Request::Everything
    } else if chosen(mix.nothing) {
        Request::Nothing
    } else if chosen(mix.lungs) {
        Request::Lungs((!unspecific).then_some(side))
    } else if chosen(mix.other) {
        Request::Other
    } else if doubted || any_zones && unspecific {
        Request::Zones(Findings::from_bits(rng.random_range(1..64)))
    } else if any_zones {
        Request::Zones(all_but_one(&stated, rng))
    } else {
        plain
    };
    let (request, mask) = match answer(case, &request, convention) {
        Some(mask) if request != plain => (request, mask),
        _ => (plain, case.mask.clone()),
    };
    let reworded = match request {
        Request::Zones(_) | Request::Nothing => rng.random_bool(mix.reworded),
        _ => true,
    };
    Asked {
        own: request == plain,
        request: Some(request),
        mask,
        reworded,
    }
}

impl Asked {
    /// The request, with its sides exchanged where the picture was `mirrored`.
    pub fn request(&self, mirrored: bool) -> Option<Request> {
        let request = self.request?;
        Some(if mirrored { request.swapped() } else { request })
    }

    /// The question in words, with its sides exchanged where the picture was `mirrored`; `None` where there is no request.
    pub fn sentence(&self, mirrored: bool, rng: &mut ChaCha8Rng) -> Option<String> {
        let request = self.request(mirrored)?;
        Some(match request {
            Request::Zones(findings) if !self.reworded => findings.to_sentence(),
            Request::Nothing if !self.reworded => Findings::default().to_sentence(),
            _ => Wording::Varied.say(&request, rng),
        })
    }
}

/// All zones but one that has a finding.
fn all_but_one(stated: &Findings, rng: &mut ChaCha8Rng) -> Findings {
    let zones = all_zones().map(|(side, zone)| Findings::one_zone(side, zone));
    let named: Vec<Findings> = zones.filter(|zone| !zone.is_disjoint(stated)).collect();
    named[rng.random_range(0..named.len())].rest()
}

/// One side of a picture: by its zones, or as a whole.
fn side_request(stated: &Findings, side: Side, unspecific: bool) -> Request {
    let zones = if stated.has(side) {
        stated.one_side(side)
    } else {
        stated.one_side(side.other()).swapped()
    };
    if unspecific || zones.is_empty() {
        Request::Side(side)
    } else {
        Request::Zones(zones)
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;
    use crate::requests::answer::tests::{BOTH, VIEWER, case};

    #[test]
    fn shares_are_kept_and_every_question_has_its_sentence() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let case = case(BOTH, &[1, 6]);
        let mix = RequestMix::default();
        let (mut own, mut lungs, mut other) = (0, 0, 0);
        for _ in 0..4000 {
            let asked = ask(&case, VIEWER, &mix, &mut rng);
            own += usize::from(asked.own);
            lungs += usize::from(matches!(asked.request, Some(Request::Lungs(_))));
            other += usize::from(asked.request == Some(Request::Other));
            let text = asked.sentence(false, &mut rng).unwrap();
            assert!(!text.trim().is_empty());
            if asked.own {
                assert_eq!(asked.mask, case.mask);
            }
        }
        let share = |count: usize| count as f64 / 4000.0;
        assert!((share(lungs) - mix.lungs).abs() < 0.02, "{lungs}");
        assert!((share(other) - mix.other).abs() < 0.02, "{other}");
        assert!((share(own) - 0.55).abs() < 0.05, "{own}");
    }

    #[test]
    fn zones_beside_those_with_findings_are_named_too() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let mut case = case(BOTH, &[1, 6]);
        let lesion = |column: usize| {
            let mut mask = Mask::empty(8, 2);
            mask.pixels[column] = 1;
            mask
        };
        case.lesions = vec![
            (Findings::one_zone(Side::Left, 0), lesion(1)),
            (Findings::one_zone(Side::Right, 2), lesion(6)),
        ];
        let mut ask = || ask(&case, VIEWER, &RequestMix::default(), &mut rng);
        let asked: Vec<Asked> = (0..2000).map(|_| ask()).collect();
        let stated = Findings::parse(BOTH).unwrap();
        let of_zones = |asked: &&Asked| match asked.request {
            Some(Request::Zones(zones)) => zones.count() > stated.count(),
            _ => false,
        };
        let more: Vec<&Asked> = asked.iter().filter(of_zones).collect();
        assert!((60..300).contains(&more.len()), "{}", more.len());
        // All but one of two findings leave the other.
        let five = |asked: &&&Asked| matches!(asked.request, Some(Request::Zones(zones)) if zones.count() == 5 && !zones.rest().is_disjoint(&stated));
        let all_but_one: Vec<_> = more.iter().filter(five).collect();
        assert!(all_but_one.len() > 20);
        assert!(
            all_but_one
                .iter()
                .all(|asked| asked.mask != case.mask && !asked.mask.is_empty())
        );
    }

    #[test]
    fn healthy_lungs_are_mostly_asked_for_findings_that_they_do_not_have() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let healthy = case(&Findings::default().to_sentence(), &[]);
        let asked_for_zones = (0..400).filter(|_| {
            let asked = ask(&healthy, VIEWER, &RequestMix::default(), &mut rng);
            let lungs = matches!(asked.request, Some(Request::Lungs(_)));
            assert_eq!(asked.mask.is_empty(), !lungs);
            matches!(asked.request, Some(Request::Zones(_)))
        });
        assert!((100..220).contains(&asked_for_zones.count()));
    }

    #[test]
    fn what_the_data_does_not_ask_grows_from_nothing() {
        let mix = RequestMix::default();
        let start = mix.at(0.0);
        assert_eq!(start.questions().map(|(_, share)| share), [0.0; 5]);
        assert_eq!(start.reworded, 0.0);
        let half = mix.at(mix.warmup / 2.0);
        assert!((half.lungs - mix.lungs / 2.0).abs() < 1e-9);
        assert_eq!(mix.at(mix.warmup), mix);
        assert_eq!(RequestMix::none().at(0.0), RequestMix::none());
    }

    #[test]
    fn without_a_mix_the_data_asks_in_its_own_words_also_in_a_mirror() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let asked = ask(&case(BOTH, &[1, 6]), VIEWER, &RequestMix::none(), &mut rng);
        assert_eq!(asked.sentence(false, &mut rng).unwrap(), BOTH);
        assert_eq!(
            asked.sentence(true, &mut rng).unwrap(),
            "bilateral pulmonary infection, two infected areas, lower left lung and upper right lung."
        );
        let free = ask(
            &case("a pink polyp", &[1]),
            VIEWER,
            &RequestMix::default(),
            &mut rng,
        );
        assert_eq!((free.request, free.own), (None, true));
    }
}
