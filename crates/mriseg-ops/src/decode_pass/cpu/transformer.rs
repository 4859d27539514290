//! The arithmetic of a pass, on slices of numbers. Threads share a pass of several tokens.

use super::attend::{LayerCache, Seen};
use super::weights::{Layer, Sizes, Transformer};
use crate::cpu::packed::{MOST_ROWS, PANEL, store};
use crate::cpu::threads::{awake, both, split_rows, split_work};
use crate::rows::{inverse_rms, largest_at, sigmoid};
use std::ops::Range;
use std::sync::OnceLock;

/// What was read of some sequences.
#[derive(Debug, Clone)]
pub(super) struct Cache {
    /// By layer and sequence.
    layers: Vec<Vec<LayerCache>>,
    pub(super) filled: usize,
}

/// Queries, keys and values of a part's rows, layer by layer as they are computed.
type NewKv = Vec<OnceLock<Vec<f32>>>;

impl Transformer {
    /// Reads the prefix of some sequences, which attends to itself.
    ///
    /// # Shapes
    /// - x: `[batch * prefix, d_model]`
    pub(super) fn read_prefix(&self, mut x: Vec<f32>, batch: usize) -> Cache {
        let Sizes {
            heads,
            head_dim,
            total,
            ..
        } = self.sizes;
        let prefix = x.len() / self.sizes.d_model() / batch;
        let empty = LayerCache::new(heads, head_dim, total);
        let mut cache = Cache {
            layers: vec![vec![empty; batch]; self.layers.len()],
            filled: 0,
        };
        let seen = |_| Seen {
            first: prefix,
            more: 0,
        };
        for (i, layer) in self.layers.iter().enumerate() {
            let qkv = self.project_many(layer, &x, &mut cache.layers[i], 0);
            if i + 1 < self.layers.len() {
                x = self.attend_many(layer, x, &qkv, &cache.layers[i], seen);
            }
        }
        cache.filled = prefix;
        cache
    }

    /// Reads as many tokens of every sequence as are worth it to share each layer out to threads, see [`Self::read`].
    fn read_many(&self, mut x: Vec<f32>, cache: &mut Cache) -> (Vec<f32>, Vec<f32>) {
        let d_model = self.sizes.d_model();
        let rows = x.len() / d_model;
        let filled = cache.filled;
        let seen = |index| Seen {
            first: filled + index + 1,
            more: 1,
        };
        for (layer, caches) in self.layers.iter().zip(&mut cache.layers) {
            let qkv = self.project_many(layer, &x, caches, filled);
            x = self.attend_many(layer, x, &qkv, caches, seen);
        }
        let x = self.normalized(&x, &self.gamma);
        let codes = self.unembedding.columns();
        let logits = split_work(rows, codes, MOST_ROWS, x.len() * codes, |rows, out| {
            let x = &x[rows.start * d_model..rows.end * d_model];
            out.copy_from_slice(&self.unembedding.multiply(x));
        });
        (x, logits)
    }

    /// Queries, keys and values of some tokens of every sequence; the caches take the latter two from `filled` on.
    fn project_many(
        &self,
        layer: &Layer,
        x: &[f32],
        caches: &mut [LayerCache],
        filled: usize,
    ) -> Vec<f32> {
        let d_model = self.sizes.d_model();
        let rows = x.len() / d_model;
        let new = rows / caches.len();
        let work = 3 * x.len() * d_model;
        let qkv = split_work(rows, 3 * d_model, MOST_ROWS, work, |rows, out| {
            let x = &x[rows.start * d_model..rows.end * d_model];
            out.copy_from_slice(&self.project(layer, x, rows.map(|row| filled + row % new)));
        });
        for (cache, qkv) in caches.iter_mut().zip(qkv.chunks_exact(new * 3 * d_model)) {
            cache.write(qkv, filled);
        }
        qkv
    }

    /// What a layer makes of some tokens of every sequence; `seen` says what the token with an index sees.
    fn attend_many(
        &self,
        layer: &Layer,
        x: Vec<f32>,
        qkv: &[f32],
        caches: &[LayerCache],
        seen: impl Fn(usize) -> Seen + Sync,
    ) -> Vec<f32> {
        let d_model = self.sizes.d_model();
        let rows = x.len() / d_model;
        let new = rows / caches.len();
        let work = x.len() * (2 * seen(new).first + d_model + 3 * layer.up.columns());
        split_work(rows, d_model, MOST_ROWS, work, |rows, out| {
            let mut first = rows.start;
            while first < rows.end {
                let last = rows.end.min((first / new + 1) * new);
                let read = &mut out[(first - rows.start) * d_model..(last - rows.start) * d_model];
                let qkv = &qkv[first * 3 * d_model..last * 3 * d_model];
                caches[first / new].read(qkv, &[], seen(first % new), read);
                first = last;
            }
            let mut x = x[rows.start * d_model..rows.end * d_model].to_vec();
            self.feed_forward(layer, &mut x, out);
            out.copy_from_slice(&x);
        })
    }

    /// Reads the next tokens of every sequence, none of which sees those after it. Gives hidden states and logits.
    ///
    /// # Shapes
    /// - x, hidden states: `[batch * new, d_model]`
    /// - logits: `[batch * new, codes]`
    pub(super) fn read(&self, mut x: Vec<f32>, cache: &mut Cache) -> (Vec<f32>, Vec<f32>) {
        let d_model = self.sizes.d_model();
        let rows = x.len() / d_model;
        let new = rows / cache.layers[0].len();
        assert!(cache.filled + new <= self.sizes.total, "the cache is full");
        /// Tokens of a sequence that gain more by the threads that share each layer than these cost.
        const MANY: usize = 32;
        if new >= MANY {
            let read = self.read_many(x, cache);
            cache.filled += new;
            return read;
        }
        let parts = parts(rows, new);
        let new_kv: Vec<NewKv> = (parts.iter())
            .map(|_| self.layers.iter().map(|_| OnceLock::new()).collect())
            .collect();
        let mut logits = vec![0.0; rows * self.unembedding.columns()];
        let pass = Pass {
            transformer: self,
            cache,
            new,
            parts: &parts,
            new_kv: &new_kv,
        };
        pass.run(&mut x, &mut logits);
        for (part, new_kv) in parts.iter().zip(new_kv) {
            for (layer, qkv) in cache.layers.iter_mut().zip(new_kv) {
                let qkv = qkv.into_inner().expect("every part has run");
                let mut first = part.start;
                for qkv in qkv.chunks(new * 3 * d_model) {
                    layer[first / new].write(qkv, cache.filled + first % new);
                    first += new;
                }
            }
        }
        cache.filled += new;
        (x, logits)
    }

    /// The most probable tokens after the one that `hidden` predicts, one of each head.
    ///
    /// # Shapes
    /// - hidden: `[1, d_model]`
    /// - ahead: `[heads, d_model]`, what the anchors contribute
    pub(super) fn most_probable(&self, hidden: &[f32], ahead: &[f32]) -> Vec<i32> {
        let heads = self.look_ahead.len();
        split_rows(heads, 1, heads.div_ceil(awake()), |heads, out| {
            let logits = self.head_logits(heads, hidden, ahead);
            let rows = logits.chunks_exact(self.unembedding.columns());
            for (out, logits) in out.iter_mut().zip(rows) {
                *out = largest_at(logits) as i32;
            }
        })
    }

    /// Logits of some heads.
    pub(super) fn head_logits(
        &self,
        heads: Range<usize>,
        hidden: &[f32],
        ahead: &[f32],
    ) -> Vec<f32> {
        let d_model = hidden.len();
        let mut states = vec![0.0; heads.len() * d_model];
        let of_heads = self.look_ahead[heads.clone()].iter();
        let ahead = ahead[heads.start * d_model..].chunks_exact(d_model);
        for ((weights, ahead), state) in of_heads.zip(ahead).zip(states.chunks_exact_mut(d_model)) {
            weights.for_each_panel(hidden, |_, columns, values| {
                let mut mixed = *values;
                for (mixed, ahead) in mixed.iter_mut().zip(&ahead[columns.clone()]) {
                    *mixed += ahead;
                }
                let mixed = silu(mixed);
                let places = state[columns.clone()].iter_mut();
                for ((place, hidden), mixed) in places.zip(&hidden[columns]).zip(mixed) {
                    *place = hidden + mixed;
                }
            });
        }
        self.unembedding.multiply(&states)
    }

    /// Queries, keys and values of rows at some positions.
    fn project(
        &self,
        layer: &Layer,
        x: &[f32],
        positions: impl Iterator<Item = usize>,
    ) -> Vec<f32> {
        let (d_model, half) = (self.sizes.d_model(), self.sizes.head_dim / 2);
        let scale = self.sizes.query_scale();
        let mut qkv = (layer.qkv).multiply(&self.normalized(x, &layer.attention_norm));
        for (qkv, position) in qkv.chunks_exact_mut(3 * d_model).zip(positions) {
            let cos = &self.cos[position * half..][..half];
            let sin = &self.sin[position * half..][..half];
            for query in &mut qkv[..d_model] {
                *query *= scale;
            }
            for head in qkv[..2 * d_model].chunks_exact_mut(2 * half) {
                let (first, second) = head.split_at_mut(half);
                for (((a, b), cos), sin) in first.iter_mut().zip(second).zip(cos).zip(sin) {
                    (*a, *b) = (*a * cos - *b * sin, *a * sin + *b * cos);
                }
            }
        }
        qkv
    }

    /// Adds to `x` what attention read and what the feed-forward part makes of both.
    fn feed_forward(&self, layer: &Layer, x: &mut [f32], read: &[f32]) {
        add(x, &layer.out.multiply(read));
        let normed = self.normalized(x, &layer.feed_forward_norm);
        let width = layer.gate.columns();
        let mut hidden = vec![0.0; x.len() / self.sizes.d_model() * width];
        layer.gate.for_each_panel(&normed, |row, columns, values| {
            store(&silu(*values), &mut hidden[row * width..][columns]);
        });
        layer.up.for_each_panel(&normed, |row, columns, values| {
            for (hidden, value) in hidden[row * width..][columns].iter_mut().zip(values) {
                *hidden *= value;
            }
        });
        add(x, &layer.down.multiply(&hidden));
    }

    /// Rows divided by their root mean square, times `gamma`.
    fn normalized(&self, x: &[f32], gamma: &[f32]) -> Vec<f32> {
        let mut normed = x.to_vec();
        for row in normed.chunks_exact_mut(gamma.len()) {
            let scale = inverse_rms(row, self.sizes.epsilon);
            for (value, gamma) in row.iter_mut().zip(gamma) {
                *value *= scale * gamma;
            }
        }
        normed
    }
}

/// A step whose parts run side by side: the second waits for keys and values of the first.
struct Pass<'a> {
    transformer: &'a Transformer,
    cache: &'a Cache,
    /// Tokens of a sequence.
    new: usize,
    /// Rows of each part: some sequences, or some of the only one.
    parts: &'a [Range<usize>],
    new_kv: &'a [NewKv],
}

impl Pass<'_> {
    /// Runs the part or the two. `x` are the rows, which become hidden states.
    fn run(&self, x: &mut [f32], logits: &mut [f32]) {
        let rows = self.parts[0].len();
        let (x, other_x) = x.split_at_mut(rows * self.transformer.sizes.d_model());
        let (logits, other_logits) =
            logits.split_at_mut(rows * self.transformer.unembedding.columns());
        if other_x.is_empty() {
            self.run_part(0, x, logits);
        } else {
            // The first waits for nothing, so that one thread can run both.
            both(
                || self.run_part(0, x, logits),
                || self.run_part(1, other_x, other_logits),
            );
        }
    }

    fn run_part(&self, part: usize, x: &mut [f32], logits: &mut [f32]) {
        let transformer = self.transformer;
        let d_model = transformer.sizes.d_model();
        let rows = self.parts[part].clone();
        let filled = self.cache.filled;
        let mut read = vec![0.0; x.len()];
        for (i, (layer, caches)) in transformer
            .layers
            .iter()
            .zip(&self.cache.layers)
            .enumerate()
        {
            let positions = rows.clone().map(|row| filled + row % self.new);
            let qkv = self.new_kv[part][i].get_or_init(|| transformer.project(layer, x, positions));
            let of_sequence = self.new.min(rows.len());
            for (j, (qkv, read)) in (qkv.chunks_exact(of_sequence * 3 * d_model))
                .zip(read.chunks_exact_mut(of_sequence * d_model))
                .enumerate()
            {
                let first = rows.start + j * of_sequence;
                let before = if first.is_multiple_of(self.new) {
                    &[][..]
                } else {
                    &self.new_kv[..part]
                };
                let tokens: Vec<&[f32]> = (before.iter())
                    .map(|new_kv| &wait(&new_kv[i])[..])
                    .chain([qkv])
                    .flat_map(|qkv| qkv.chunks_exact(3 * d_model))
                    .collect();
                let seen = Seen {
                    first: filled,
                    more: 0,
                };
                caches[first / self.new].read(qkv, &tokens, seen, read);
            }
            transformer.feed_forward(layer, x, &read);
        }
        x.copy_from_slice(&transformer.normalized(x, &transformer.gamma));
        logits.copy_from_slice(&transformer.unembedding.multiply(x));
    }
}

/// Waits, actively at first, for what another thread is computing.
fn wait(cell: &OnceLock<Vec<f32>>) -> &Vec<f32> {
    const SPINS: usize = 10_000;
    for _ in 0..SPINS {
        if let Some(value) = cell.get() {
            return value;
        }
        std::hint::spin_loop();
    }
    cell.wait()
}

/// How rows are shared out: among two at most.
fn parts(rows: usize, new: usize) -> Vec<Range<usize>> {
    /// With fewer, reading the weights takes more time than what is done with them.
    const LEAST_ROWS: usize = 2;
    let unit = if rows == new { 1 } else { new };
    let of_part = rows
        .div_ceil(awake())
        .max(LEAST_ROWS)
        .next_multiple_of(unit);
    (0..rows)
        .step_by(of_part)
        .map(|first| first..rows.min(first + of_part))
        .collect()
}

fn add(x: &mut [f32], more: &[f32]) {
    for (x, more) in x.iter_mut().zip(more) {
        *x += more;
    }
}

/// `x * sigmoid(x)`
fn silu(mut values: [f32; PANEL]) -> [f32; PANEL] {
    for x in &mut values {
        *x *= sigmoid(*x);
    }
    values
}
