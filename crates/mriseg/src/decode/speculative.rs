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
//! these alone would pick are the drafts, as many as are likely to be right together.
//!
//! Tokens that are given are read before anything is decoded. What follows depends on the tokens before it alone, so
//! decoding goes on behind the first tokens of a mask as if it had decoded them itself.

use super::drafts::{Draft, DraftSource};
use super::presence::probability;
use super::{DecodedPass, Picker, Prefill, TokenEvent, code_tensor};
use crate::mask_lm::{CachedLm, DecodeState};
use crate::sequence::SequenceLayout;
use burn::tensor::{ExecutionError, Int, Tensor, TensorData, Transaction};
use mriseg_ops::decode_pass::{CodeDistribution, Mixture, Picked, Predicted};
use serde::{Deserialize, Serialize};

/// Most greedy passes that are read back together: tokens are shown as they come.
const MOST_CHAINED: usize = 8;

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
    /// Tokens that stand already and are still to be read.
    given: Vec<u32>,
    decoded: usize,
    passes: usize,
    presence: Option<f32>,
    marginals: Marginals,
    /// Greedy passes that the next call may chain on the device.
    chain: usize,
}

/// What is read back of a pass.
#[derive(Debug)]
struct Told {
    /// `inputs * codes`
    logits: Vec<f32>,
    drafts: Vec<u32>,
    /// Logit of there being something to draw; of the first pass, where the model tells.
    presence: Option<f32>,
}

/// See [`Picker::marginals`].
#[derive(Debug, Clone)]
enum Marginals {
    Unused,
    /// On the device: `[1, mask, codes]`.
    Waiting(Box<Tensor<3>>),
    /// The same on the device, and read.
    Read(Box<Tensor<3>>, Vec<f32>),
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
        let prefill = Prefill::new(lm, &picker, text, image);
        Self::resume(lm, picker, strategy, prefill, Vec::new())
    }

    /// Begins behind `given` tokens, which the first pass reads; the mask is never emptied then, however little the model
    /// expects to draw.
    ///
    /// # Panics
    /// There are more of them than cells.
    pub fn resume(
        lm: &CachedLm,
        picker: Picker,
        strategy: DecodeStrategy,
        prefill: Prefill,
        given: Vec<u32>,
    ) -> Self {
        assert!(given.len() <= lm.layout().mask(), "a token a cell at most");
        let Prefill { state, marginals } = prefill;
        Self {
            inputs: lm.begin(),
            given,
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
            chain: 1,
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

    /// Decodes the next token, or run of tokens, or a whole mask without foreground where there is nothing to draw; the
    /// first call reads tokens that are given, all of them, if there are any. Empty when every cell has its token.
    ///
    /// # Errors
    /// The device fails.
    pub async fn next(&mut self, lm: &CachedLm) -> Result<DecodedPass, ExecutionError> {
        let layout = lm.layout();
        if self.decoded == layout.mask() {
            return Ok(DecodedPass::default());
        }
        if !self.given.is_empty() {
            return self.read_given(lm).await;
        }
        let first = self.decoded == 0;
        if lm.picks() && !first && matches!(self.source, DraftSource::Nowhere) {
            return self.next_chain(lm).await;
        }
        let predicted = lm.step(self.inputs.clone(), &mut self.state);
        self.passes += 1;
        let hidden = predicted.hidden.clone();
        let [_, inputs] = self.inputs.dims();
        let known = self.source.known(self.decoded, inputs - 1);
        let unknown = known.is_none().then(|| self.inputs.clone());
        let mut told = self.read_back(predicted, unknown, lm).await?;
        told.drafts.extend(known.unwrap_or_default());
        if let Some(logit) = told.presence.filter(|_| first) {
            let empty = self.picker.empty();
            if let Some(tokens) = empty.and_then(|empty| empty.instead(logit, layout)) {
                self.decoded = layout.mask();
                return Ok(DecodedPass {
                    tokens,
                    ..DecodedPass::default()
                });
            }
        }
        let tokens = self.accepted(told.logits, &told.drafts, layout);
        self.decoded += tokens.len();
        if let Some(last) = tokens.last().filter(|_| self.decoded < layout.mask()) {
            self.state.rewind(self.decoded, layout);
            let hidden = hidden.slice_dim(0, tokens.len() - 1..tokens.len());
            let same = tokens.iter().all(|event| event.token == last.token);
            let in_run = inputs > 1 && tokens.len() == inputs && same;
            self.inputs = (self.source).inputs(last.token, hidden, self.decoded, in_run, lm);
        }
        Ok(DecodedPass {
            drafted_by: self.source.name().filter(|_| inputs > 1),
            drafts: told.drafts,
            tokens,
        })
    }

    /// Greedy passes one after the other, each of which reads the code that the device picked in the one before; the codes
    /// are read back together. A cell that needs the whole distribution is picked here, and what followed is forgotten.
    async fn next_chain(&mut self, lm: &CachedLm) -> Result<DecodedPass, ExecutionError> {
        let (layout, device) = (lm.layout(), self.inputs.device());
        let most = self.chain.min(layout.mask() - self.decoded);
        let mut picked = Picked {
            pairs: Tensor::zeros([MOST_CHAINED, 2], &device),
            count: 0,
        };
        let mut logits = Vec::with_capacity(most);
        let mut inputs = self.inputs.clone();
        while picked.count < most {
            let cell = self.decoded + picked.count;
            let predicted = lm.step(inputs, &mut self.state);
            let mixture = match &self.marginals {
                Marginals::Read(others, _) => Some(Mixture {
                    others,
                    kept: self.picker.kept(),
                    cell,
                }),
                _ => None,
            };
            logits.push(predicted.logits.clone());
            let distribution = CodeDistribution {
                logits: predicted.logits,
                mixture,
            };
            inputs = lm.pick(distribution, &mut picked);
        }
        let pairs = numbers(picked.pairs.into_data_async().await?);
        let mut tokens = Vec::with_capacity(most);
        for (pair, logits) in pairs.chunks_exact(2).zip(logits) {
            let index = self.decoded + tokens.len();
            let settled = self.picker.settles(pair[1]);
            let (code, probability) = if settled {
                (pair[0] as usize, pair[1])
            } else {
                let mut logits = numbers(logits.into_data_async().await?);
                if let Some(marginals) = self.marginals_of(index, layout) {
                    self.picker.mix_one(&mut logits, marginals);
                }
                self.picker.pick_one(&mut logits)
            };
            tokens.push(TokenEvent::picked(index, code, probability, layout));
            if !settled {
                break;
            }
        }
        self.decoded += tokens.len();
        self.passes += tokens.len();
        let whole = tokens.len() == most;
        self.chain = if whole { MOST_CHAINED.min(2 * most) } else { 1 };
        self.state.rewind(self.decoded, layout);
        let last = tokens.last().expect("a chain has a pass");
        self.inputs = Tensor::from_ints([[last.token as i32]], &device);
        Ok(DecodedPass {
            tokens,
            ..DecodedPass::default()
        })
    }

    /// Reads the tokens that are given.
    async fn read_given(&mut self, lm: &CachedLm) -> Result<DecodedPass, ExecutionError> {
        let (layout, given) = (lm.layout(), std::mem::take(&mut self.given));
        let (&last, before) = given.split_last().expect("some are given");
        let device = self.inputs.device();
        let mut inputs = self.inputs.clone();
        if !before.is_empty() {
            inputs = Tensor::cat(vec![inputs, code_tensor(before, before.len(), &device)], 1);
        }
        let parts = lm.read(inputs, &mut self.state);
        self.passes += parts.len();
        let (hidden, logits): (Vec<_>, Vec<_>) = (parts.into_iter())
            .map(|predicted| (predicted.hidden, predicted.logits))
            .unzip();
        let predicted = Predicted {
            hidden: Tensor::cat(hidden, 0),
            logits: Tensor::cat(logits, 0),
        };
        let end = given.len() - 1..given.len();
        let hidden = predicted.hidden.clone().slice_dim(0, end);
        let mut told = self.read_back(predicted, None, lm).await?;
        let rows = told.logits.chunks_exact_mut(layout.codes);
        let tokens = (rows.zip(&given).enumerate()).map(|(index, (row, &token))| {
            let marginals = self.marginals_of(index, layout);
            self.picker.probabilities(row, marginals);
            TokenEvent {
                index,
                cell: layout.cell(index),
                token,
                probability: row[token as usize],
                given: true,
            }
        });
        let tokens = tokens.collect();
        self.decoded = given.len();
        if self.decoded < layout.mask() {
            self.inputs = (self.source).inputs(last, hidden, self.decoded, false, lm);
        }
        Ok(DecodedPass {
            tokens,
            ..DecodedPass::default()
        })
    }

    /// What a pass predicted; of the first also the presence, and marginal probabilities where they wait.
    ///
    /// # Shapes
    /// - inputs: `[1, 1..]`, those of the pass where drafts among them are on the device only
    async fn read_back(
        &mut self,
        predicted: Predicted,
        inputs: Option<Tensor<2, Int>>,
        lm: &CachedLm,
    ) -> Result<Told, ExecutionError> {
        let mut reading = Transaction::default().register(predicted.logits);
        let has_drafts = inputs.is_some();
        if let Some(inputs) = inputs {
            reading = reading.register(inputs);
        }
        let begin = (self.decoded == 0).then(|| predicted.hidden.slice_dim(0, 0..1));
        let presence = begin.and_then(|begin| lm.presence(begin));
        let tells = presence.is_some();
        if let Some(presence) = presence {
            reading = reading.register(presence);
        }
        if let Marginals::Waiting(marginals) = &self.marginals {
            reading = reading.register((**marginals).clone());
        }
        let mut read = reading.execute_async().await?.into_iter();
        let mut next = || (read.next()).expect("a transaction returns what was registered");
        let told = Told {
            logits: numbers(next()),
            drafts: has_drafts
                .then(&mut next)
                .map_or(Vec::new(), |inputs| inputs.iter::<u32>().skip(1).collect()),
            presence: tells.then(|| numbers(next())[0]),
        };
        if let Marginals::Waiting(waiting) = &self.marginals {
            let waiting = waiting.clone();
            let marginals = numbers(next());
            if let DraftSource::Marginals(drafts) = &mut self.source {
                let share = 1.0 - self.picker.kept();
                let cells = marginals.chunks_exact(lm.layout().codes);
                drafts.extend(cells.map(|cell| {
                    let code = self.picker.pick_of(cell);
                    Draft {
                        code: code as u32,
                        probability: cell[code] / share,
                    }
                }));
            }
            self.marginals = Marginals::Read(waiting, marginals);
        }
        if let Some(logit) = told.presence {
            self.presence = Some(probability(logit));
        }
        Ok(told)
    }

    /// Marginal probabilities of one cell, where the rule mixes them in.
    fn marginals_of(&self, index: usize, layout: SequenceLayout) -> Option<&[f32]> {
        match &self.marginals {
            Marginals::Read(_, all) => Some(&all[index * layout.codes..][..layout.codes]),
            _ => None,
        }
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
            let index = self.decoded + row;
            if let Some(marginals) = self.marginals_of(index, layout) {
                self.picker.mix_one(logits, marginals);
            }
            let (code, probability) = self.picker.pick_one(logits);
            let event = TokenEvent::picked(index, code, probability, layout);
            events.push(event);
            if drafts.get(row) != Some(&event.token) {
                break;
            }
        }
        events
    }
}

fn numbers(data: TensorData) -> Vec<f32> {
    TensorData::try_into_vec_as(data).expect("they are numbers, which convert to f32")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ModelConfig;
    use crate::decode::{DecisionRule, DraftedBy, Pick};
    use crate::mask_lm::MaskLm;
    use crate::mask_lm::tests::randomize;
    use crate::testing::devices;
    use burn::tensor::{Device, Distribution};
    use futures_lite::future::block_on;

    /// A small model with random heads, and one random prompt.
    struct Case {
        presence: bool,
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
        case_on(config, rule.into(), CachedLm::new, &Device::flex())
    }

    fn case_on(
        config: &ModelConfig,
        rule: DecisionRule,
        ready: fn(&MaskLm) -> CachedLm,
        device: &Device,
    ) -> Case {
        let layout = config.layout();
        let image = [1, layout.image(), config.image_token_dim()];
        let vision = config.init(device).vision().unwrap();
        Case {
            presence: config.lm.presence,
            lm: ready(&randomize(config.init_mask_lm(device))),
            text: Tensor::<2>::random([1, layout.text], Distribution::Uniform(0.0, 20.0), device)
                .int(),
            image: Tensor::random(image, Distribution::Default, device),
            picker: block_on(Picker::new(rule, vision.as_ref())).unwrap(),
        }
    }

    /// The passes behind tokens that are given, and what the decoder knows then.
    fn passes(
        case: &Case,
        decode: DecodeStrategy,
        given: &[u32],
    ) -> (Vec<DecodedPass>, MaskDecoder) {
        let (text, image) = (case.text.clone(), case.image.clone());
        let prefill = Prefill::new(&case.lm, &case.picker, text, image);
        let picker = case.picker.clone();
        let mut decoder = MaskDecoder::resume(&case.lm, picker, decode, prefill, given.to_vec());
        let mut passes = Vec::new();
        loop {
            let pass = block_on(decoder.next(&case.lm)).unwrap();
            if pass.is_empty() {
                break (passes, decoder);
            }
            passes.push(pass);
        }
    }

    fn decode(case: &Case, decode: DecodeStrategy) -> (Vec<TokenEvent>, usize) {
        let (passes, decoder) = passes(case, decode, &[]);
        let events = passes.into_iter().flat_map(|pass| pass.tokens);
        (events.collect(), decoder.passes())
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

    #[test]
    fn drafts_that_are_certain_are_read_in_one_pass() {
        // One code, which is certain: a pass of one token, then one of the rest.
        let rule = DecisionRule {
            marginal_share: 0.5,
            ..Pick::MostProbable.into()
        };
        let (events, passes) = decode(&case(&config(4, 1, 1), rule), DecodeStrategy::Speculative);
        assert_eq!((events.len(), passes), (16, 2));
    }

    /// Masks of all kinds: few codes so that drafts are right now and then, with and without marginals and presence head,
    /// with and without kernels; one with more cells than a pass reads.
    fn many_cases(presence_threshold: f32) -> impl Iterator<Item = Case> {
        Device::flex().seed(11);
        (0..96).map(move |number| {
            let grid = if number == 0 { 9 } else { 2 + number % 3 };
            let mut config = config(grid, 3 + number % 6, 1 + number % 4);
            config.lm.presence = number % 3 > 0;
            let picks = [Pick::MostProbable, Pick::BestDice];
            let rule = DecisionRule {
                marginal_share: [0.0, 0.5][number % 2],
                presence_threshold,
                ..picks[number / 2 % 2].into()
            };
            let ready = [CachedLm::new, CachedLm::without_kernels];
            case_on(&config, rule, ready[number / 4 % 2], &Device::flex())
        })
    }

    const STRATEGIES: [DecodeStrategy; 2] = [DecodeStrategy::Greedy, DecodeStrategy::Speculative];

    #[test]
    fn behind_the_first_tokens_of_a_mask_decoding_goes_on_as_it_did() {
        for case in many_cases(1e-7) {
            let (whole, _) = decode(&case, DecodeStrategy::Greedy);
            let total = whole.len();
            for (strategy, count) in STRATEGIES.into_iter().flat_map(|strategy| {
                [1, total / 2, total - 1, total].map(|count| (strategy, count))
            }) {
                let given = &tokens(&whole)[..count];
                let (passes, decoder) = passes(&case, strategy, given);
                assert_eq!(passes[0].tokens.len(), count, "they come in one pass");
                assert!(passes[0].drafts.is_empty() && passes[0].drafted_by.is_none());
                assert_eq!(decoder.presence().is_some(), case.presence);
                let events: Vec<TokenEvent> =
                    passes.into_iter().flat_map(|pass| pass.tokens).collect();
                assert_eq!(tokens(&events), tokens(&whole));
                for (index, (event, before)) in events.iter().zip(&whole).enumerate() {
                    assert_eq!((event.index, event.cell), (index, before.cell));
                    assert_eq!(event.given, index < count);
                    assert!((event.probability - before.probability).abs() < 1e-4);
                }
            }
        }
    }

    #[test]
    fn a_token_that_was_changed_stands_and_what_follows_depends_on_it_alone() {
        let mut other = 0;
        for case in many_cases(1e-7) {
            let whole = tokens(&decode(&case, DecodeStrategy::Greedy).0);
            let at = whole.len() / 2;
            let mut changed = whole[..=at].to_vec();
            changed[at] = (changed[at] + 1) % case.lm.layout().codes as u32;
            let behind = |strategy, given: &[u32]| {
                let (passes, _) = passes(&case, strategy, given);
                tokens(
                    &passes
                        .into_iter()
                        .flat_map(|pass| pass.tokens)
                        .collect::<Vec<_>>(),
                )
            };
            let greedy = behind(DecodeStrategy::Greedy, &changed);
            assert_eq!(greedy[..=at], changed);
            assert_eq!(behind(DecodeStrategy::Speculative, &changed), greedy);
            // Step by step, as if no token had been given but the last.
            assert_eq!(
                behind(DecodeStrategy::Speculative, &greedy[..at + 2]),
                greedy
            );
            other += usize::from(greedy[at + 1..] != whole[at + 1..]);
        }
        assert!(other > 10, "only {other} masks went on otherwise");
    }

    #[test]
    fn a_mask_that_has_tokens_is_not_emptied() {
        for case in many_cases(1.0 - 1e-7).filter(|case| case.presence) {
            let (whole, _) = decode(&case, DecodeStrategy::Greedy);
            let empty = case.picker.empty().unwrap().codes();
            assert_eq!(tokens(&whole), empty);
            let changed = [(empty[0] + 1) % case.lm.layout().codes as u32];
            let [greedy, quick] = STRATEGIES.map(|strategy| {
                let (passes, decoder) = passes(&case, strategy, &changed);
                assert!(decoder.presence().is_some(), "it is told all the same");
                tokens(
                    &passes
                        .into_iter()
                        .flat_map(|pass| pass.tokens)
                        .collect::<Vec<_>>(),
                )
            });
            assert_eq!(greedy[0], changed[0]);
            assert_eq!(greedy.len(), whole.len());
            assert_eq!(greedy, quick);
        }
    }

    #[test]
    fn greedy_passes_that_read_what_the_device_picked_give_the_tokens_of_single_ones() {
        let (mut together, mut alone) = (0, 0);
        for device in devices() {
            device.seed(13);
            for number in 0..8 {
                let mut config = config(4, 3 + number, 1);
                config.lm.presence = false;
                let rule = DecisionRule {
                    marginal_share: [0.0, 0.5][number % 2],
                    ..[Pick::MostProbable, Pick::BestDice][number / 2 % 2].into()
                };
                let lm = randomize(config.init_mask_lm(&device));
                let mut case = case_on(&config, rule, CachedLm::new, &device);
                case.lm = CachedLm::without_kernels(&lm);
                let (expected, _) = decode(&case, DecodeStrategy::Greedy);
                case.lm = CachedLm::new(&lm);
                let (passes, decoder) = passes(&case, DecodeStrategy::Greedy, &[]);
                assert_eq!(decoder.passes(), expected.len());
                for pass in passes.iter().filter(|_| case.lm.picks()) {
                    together += usize::from(pass.tokens.len() > 1);
                    alone += usize::from(pass.tokens.len() == 1);
                }
                let found: Vec<_> = passes.into_iter().flat_map(|pass| pass.tokens).collect();
                assert_eq!(tokens(&found), tokens(&expected), "case {number}");
                for (a, b) in found.iter().zip(&expected) {
                    assert_eq!((a.index, a.cell), (b.index, b.cell));
                    assert!((a.probability - b.probability).abs() < 1e-4);
                }
            }
        }
        assert!(
            devices().len() == 1 || together > 8 && alone > 8,
            "{together} {alone}"
        );
    }

    #[test]
    fn a_pass_tells_what_had_been_drafted_for_its_cells() {
        let (mut accepted, mut refused) = (0, 0);
        for case in many_cases(1e-7) {
            let (passes, _) = passes(&case, DecodeStrategy::Speculative, &[]);
            for (
                number,
                DecodedPass {
                    tokens,
                    drafts,
                    drafted_by,
                },
            ) in passes.iter().enumerate()
            {
                let right = (tokens.iter().zip(drafts))
                    .take_while(|(event, draft)| event.token == **draft)
                    .count();
                // One more token than drafts that are right, but where the mask ends.
                let last = number + 1 == passes.len();
                assert!(tokens.len() == right + 1 || last && tokens.len() == right);
                let expected = match &case.picker {
                    _ if drafts.is_empty() => None,
                    picker if picker.mixes() => Some(DraftedBy::Marginals),
                    _ => Some(DraftedBy::Heads),
                };
                assert_eq!(*drafted_by, expected);
                assert!(
                    number > 0 || drafts.is_empty(),
                    "nothing is drafted before the first"
                );
                accepted += right;
                refused += drafts.len() - right;
            }
        }
        assert!(accepted > 100 && refused > 100, "{accepted} {refused}");
    }
}
