//! Decoding of one mask, greedily, one token or a run of tokens per pass.
//!
//! Self-speculative decoding (blockwise parallel decoding, Stern et al. 2018): the look-ahead heads draft the
//! tokens after the next one, and the next pass reads them all. It gives the token that greedy decoding would
//! take after each of them; as far as the drafts agree they stand, and the first token that differs stands in
//! its draft's place. The tokens are those of plain greedy decoding, in fewer passes.
//!
//! Masks have long runs of one token, empty or full. After a pass whose tokens were all drafted right and all the
//! same, the last draft is repeated, so that the next pass reads [`CachedLm::most_inputs`] at once.
//!
//! Where the rule mixes marginal probabilities in ([`DecisionRule::marginal_share`](super::DecisionRule)), the codes that
//! these alone would pick are the drafts.

use super::presence::probability;
use super::{Picker, TokenEvent};
use crate::mask_lm::{CachedLm, DecodeState, Drafting};
use crate::sequence::SequenceLayout;
use burn::tensor::{ExecutionError, Int, Tensor, TensorData, Transaction};
use mriseg_ops::decode_pass::Predicted;
use serde::{Deserialize, Serialize};

/// How many tokens a pass may decode. The tokens are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecodeStrategy {
    /// One.
    Greedy,
    /// As many as the model's look-ahead heads guess right; one if it has none.
    #[default]
    Speculative,
}

/// A mask being decoded. Stopping is not calling [`MaskDecoder::next`] again.
#[derive(Debug, Clone)]
pub struct MaskDecoder {
    state: DecodeState,
    picker: Picker,
    source: DraftSource,
    /// The last token that stands and the drafts after it: `[1, 1..]`.
    inputs: Tensor<2, Int>,
    decoded: usize,
    passes: usize,
    presence: Option<f32>,
    marginals: Marginals,
}

/// Where drafts come from.
#[derive(Debug, Clone)]
enum DraftSource {
    /// There are none.
    Nowhere,
    /// Look-ahead heads.
    Heads(Box<Drafting>),
    /// What every cell's marginal probabilities pick; empty before they are read.
    Marginals(Vec<u32>),
}

/// See [`Picker::marginals`].
#[derive(Debug, Clone)]
enum Marginals {
    Unused,
    /// On the device: `[1, mask, codes]`.
    Waiting(Box<Tensor<3>>),
    /// The same numbers.
    Read(Vec<f32>),
}

impl MaskDecoder {
    /// Reads sentence and picture.
    ///
    /// # Shapes
    /// - text: `[1, text]`
    /// - image: `[1, image, token_dim]`
    pub fn start(
        lm: &CachedLm,
        picker: Picker,
        strategy: DecodeStrategy,
        text: Tensor<2, Int>,
        image: Tensor<3>,
    ) -> Self {
        let begin = [[lm.layout().begin_of_mask() as i32]];
        let inputs = Tensor::from_ints(begin, &image.device());
        let state = lm.prefill(text, image);
        let marginals = picker.marginals(lm, &state);
        Self {
            inputs,
            source: match strategy {
                DecodeStrategy::Greedy => DraftSource::Nowhere,
                DecodeStrategy::Speculative if marginals.is_some() => {
                    DraftSource::Marginals(Vec::new())
                }
                DecodeStrategy::Speculative => (lm.drafting(&state))
                    .map_or(DraftSource::Nowhere, |heads| {
                        DraftSource::Heads(heads.into())
                    }),
            },
            state,
            picker,
            marginals: marginals.map_or(Marginals::Unused, |waiting| {
                Marginals::Waiting(waiting.into())
            }),
            decoded: 0,
            passes: 0,
            presence: None,
        }
    }

    /// Passes through the model so far, without the one that read sentence and picture.
    pub fn passes(&self) -> usize {
        self.passes
    }

    /// Probability of there being something to draw; `None` before the first pass, or where the model does not tell.
    pub fn presence(&self) -> Option<f32> {
        self.presence
    }

    /// Decodes the next token, or run of tokens, or a whole mask without foreground where there is nothing to draw; empty when all are decoded.
    ///
    /// # Errors
    /// The device fails.
    pub async fn next(&mut self, lm: &CachedLm) -> Result<Vec<TokenEvent>, ExecutionError> {
        let layout = lm.layout();
        if self.decoded == layout.mask() {
            return Ok(Vec::new());
        }
        let Predicted { hidden, logits } = lm.step(self.inputs.clone(), &mut self.state);
        let mut reading = Transaction::default().register(logits);
        let [_, inputs] = self.inputs.dims();
        if inputs > 1 {
            reading = reading.register(self.inputs.clone());
        }
        let first = self.decoded == 0;
        let presence = if first {
            lm.presence(hidden.clone())
        } else {
            None
        };
        if let Some(presence) = presence {
            reading = reading.register(presence);
        }
        let marginals = std::mem::replace(&mut self.marginals, Marginals::Unused);
        let waiting = matches!(marginals, Marginals::Waiting(_));
        if let Marginals::Waiting(marginals) = marginals {
            reading = reading.register(*marginals);
        } else {
            self.marginals = marginals;
        }
        let mut read = reading.execute_async().await?.into_iter();
        let logits = (read.next()).expect("a transaction returns what was registered");
        if waiting {
            let marginals = numbers(read.next_back().expect("it was registered last"));
            if let DraftSource::Marginals(drafts) = &mut self.source {
                let cells = marginals.chunks_exact(layout.codes);
                drafts.extend(cells.map(|cell| self.picker.pick_marginal(cell) as u32));
            }
            self.marginals = Marginals::Read(marginals);
        }
        self.passes += 1;
        // The first pass has no drafts.
        let mut drafts = Vec::new();
        match read.next() {
            Some(presence) if first => {
                let logit = presence.iter().next().expect("one prompt has one logit");
                self.presence = Some(probability(logit));
                let empty = self.picker.empty();
                if let Some(mask) = empty.and_then(|empty| empty.instead(logit, layout)) {
                    self.decoded = layout.mask();
                    return Ok(mask);
                }
            }
            Some(inputs) => drafts.extend(inputs.iter::<u32>().skip(1)),
            None => {}
        }
        let events = self.accepted(numbers(logits), &drafts, layout);
        self.decoded += events.len();
        if let Some(last) = events.last().filter(|_| self.decoded < layout.mask()) {
            self.state.rewind(self.decoded, layout);
            let hidden = hidden.slice_dim(0, events.len() - 1..events.len());
            let same = events.iter().all(|event| event.token == last.token);
            let in_run = inputs > 1 && events.len() == inputs && same;
            self.inputs = self.with_drafts(last.token, hidden, in_run, lm);
        }
        Ok(events)
    }

    /// The tokens that stand: those of the drafts that are right, and the one after them.
    ///
    /// # Shapes
    /// - logits: `[inputs, codes]`
    fn accepted(
        &self,
        mut logits: Vec<f32>,
        drafts: &[u32],
        layout: SequenceLayout,
    ) -> Vec<TokenEvent> {
        let mut events = Vec::new();
        for (row, logits) in logits.chunks_exact_mut(layout.codes).enumerate() {
            if let Marginals::Read(marginals) = &self.marginals {
                let of_cell = (self.decoded + row) * layout.codes;
                let marginals = &marginals[of_cell..of_cell + layout.codes];
                self.picker.mix_one(logits, marginals);
            }
            let (code, probability) = self.picker.pick_one(logits);
            let (index, token) = (self.decoded + row, code as u32);
            events.push(TokenEvent {
                index,
                cell: layout.cell(index),
                token,
                probability,
            });
            if drafts.get(row) != Some(&token) {
                break;
            }
        }
        events
    }

    /// The next inputs: `last`, which `hidden` predicted, and what is drafted to follow; `in_run`, that the last guess of
    /// look-ahead heads goes on.
    ///
    /// # Shapes
    /// - hidden: `[1, d_model]`
    fn with_drafts(
        &self,
        last: u32,
        hidden: Tensor<2>,
        in_run: bool,
        lm: &CachedLm,
    ) -> Tensor<2, Int> {
        // The last token of a mask is read by no position.
        let room = lm.layout().mask() - self.decoded - 1;
        // Before anything is drafted: an upload submits whatever waits.
        let last = Tensor::from_ints([[last as i32]], &hidden.device());
        let drafted = match &self.source {
            _ if room == 0 => None,
            DraftSource::Nowhere => None,
            DraftSource::Heads(drafting) => {
                let mut drafts = lm.draft(hidden, self.decoded - 1, drafting);
                let [_, heads] = drafts.dims();
                if in_run {
                    let end = drafts.clone().slice_dim(1, heads - 1..heads);
                    let more = lm.most_inputs() - 1 - heads;
                    drafts = Tensor::cat(vec![drafts, end.repeat_dim(1, more)], 1);
                }
                let [_, count] = drafts.dims();
                Some(drafts.slice_dim(1, 0..count.min(room)))
            }
            DraftSource::Marginals(drafts) => {
                let count = (lm.most_inputs() - 1).min(room);
                let drafts = drafts[self.decoded..self.decoded + count].iter();
                let ids: Vec<i32> = drafts.map(|&id| id as i32).collect();
                let ids = TensorData::new(ids, [1, count]);
                Some(Tensor::from_data(ids, &hidden.device()))
            }
        };
        Tensor::cat(std::iter::once(last).chain(drafted).collect(), 1)
    }
}

fn numbers(data: TensorData) -> Vec<f32> {
    TensorData::try_into_vec_as(data).expect("they are numbers, which convert to f32")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ModelConfig;
    use crate::decode::{DecisionRule, Pick};
    use crate::mask_lm::tests::randomize;
    use burn::tensor::{Device, Distribution};
    use futures_lite::future::block_on;

    /// A small model with random heads, and one random prompt.
    struct Case {
        lm: CachedLm,
        picker: Picker,
        text: Tensor<2, Int>,
        image: Tensor<3>,
    }

    fn config(grid: usize, codes: usize, next_tokens: usize) -> ModelConfig {
        let mut config = ModelConfig::tiny();
        config.image.size = grid * 8;
        config.mask.size = grid * 8;
        config.mask.codes = codes;
        config.lm.d_model = 32;
        config.lm.heads = 2;
        config.lm.d_hidden = 32;
        config.lm.layers = 2;
        config.lm.text_tokens = 4;
        config.lm.text_vocab = 20;
        config.lm.next_tokens = next_tokens;
        config
    }

    fn case(config: &ModelConfig, rule: impl Into<DecisionRule>) -> Case {
        let rule = rule.into();
        let device = Device::flex();
        let layout = config.layout();
        let image = [1, layout.image(), config.image_token_dim()];
        let vision = config.init(&device).vision().unwrap();
        Case {
            lm: CachedLm::new(&randomize(config.init_mask_lm(&device))),
            text: Tensor::<2>::random([1, layout.text], Distribution::Uniform(0.0, 20.0), &device)
                .int(),
            image: Tensor::random(image, Distribution::Default, &device),
            picker: block_on(Picker::new(rule, vision.as_ref())).unwrap(),
        }
    }

    fn decode(case: &Case, decode: DecodeStrategy) -> (Vec<TokenEvent>, usize) {
        let mut decoder = MaskDecoder::start(
            &case.lm,
            case.picker.clone(),
            decode,
            case.text.clone(),
            case.image.clone(),
        );
        let mut events = Vec::new();
        loop {
            let run = block_on(decoder.next(&case.lm)).unwrap();
            if run.is_empty() {
                break;
            }
            events.extend(run);
        }
        (events, decoder.passes())
    }

    fn tokens(events: &[TokenEvent]) -> Vec<u32> {
        events.iter().map(|event| event.token).collect()
    }

    #[test]
    fn speculative_decoding_gives_the_tokens_of_greedy_decoding() {
        const CASES: usize = 1000;
        Device::flex().seed(7);
        let mut shorter = 0;
        for number in 0..CASES {
            let (grid, next_tokens) = (2 + number % 3, 2 + number % 7);
            // Few codes, so that drafts are right now and then.
            let config = config(grid, 3 + number % 6, next_tokens.min(grid * grid));
            config.validate().unwrap();
            let picks = [Pick::MostProbable, Pick::LeastError, Pick::BestDice];
            let pick = picks[number / 21 % picks.len()];
            let rule = DecisionRule {
                marginal_share: [0.0, 0.5][number % 2],
                ..pick.into()
            };
            let case = case(&config, rule);
            let (plain, passes) = decode(&case, DecodeStrategy::Greedy);
            assert_eq!(passes, plain.len());
            // Alone, or on a thread that others help.
            let (quick, passes) = if number % 2 == 0 {
                decode(&case, DecodeStrategy::Speculative)
            } else {
                rayon::scope(|_| decode(&case, DecodeStrategy::Speculative))
            };
            assert_eq!(tokens(&plain), tokens(&quick), "case {number}");
            for (a, b) in plain.iter().zip(&quick) {
                assert_eq!((a.index, a.cell), (b.index, b.cell));
                assert!((a.probability - b.probability).abs() < 1e-4);
            }
            assert!(passes <= plain.len());
            shorter += usize::from(passes < plain.len());
        }
        assert!(
            shorter > CASES / 2,
            "drafts were right in {shorter} cases only"
        );
    }

    #[test]
    fn without_look_ahead_heads_every_token_takes_a_pass() {
        let case = case(&config(3, 5, 1), Pick::MostProbable);
        let (events, passes) = decode(&case, DecodeStrategy::Speculative);
        assert_eq!((events.len(), passes), (9, 9));
    }

    #[test]
    fn a_run_of_one_token_takes_fewer_passes_than_there_are_drafts_for() {
        // One code: every draft is right. Passes of 1, 4, 8 and the last 3 tokens.
        let case = case(&config(4, 1, 4), Pick::MostProbable);
        let (events, passes) = decode(&case, DecodeStrategy::Speculative);
        assert_eq!((events.len(), passes), (16, 4));
    }
}
