//! A small seeded source of numbers: the same seed gives the same numbers on every machine.
//!
//! xoshiro256++ seeded by splitmix64 (Blackman and Vigna, <https://prng.di.unimi.it>). Integers
//! only, so that no platform's mathematics library can change a byte. It is for made-up data and
//! must never be used for a secret.

/// The alphabet of AWS's principal and key ids (RFC 4648 base 32).
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/// The step of splitmix64.
const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;
const HEX: &[u8; 16] = b"0123456789abcdef";

/// One step of splitmix64: spreads a number over all 64 bits.
pub fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(GAMMA);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A number that stands for a text (FNV-1a).
pub fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// A stream of numbers; see the module.
#[derive(Debug, Clone)]
pub struct Random {
    state: [u64; 4],
}

impl Random {
    /// The stream of that seed.
    pub fn new(seed: u64) -> Self {
        let mut at = seed;
        let state = std::array::from_fn(|_| {
            let word = mix(at);
            at = at.wrapping_add(GAMMA);
            word
        });
        Self { state }
    }

    /// A stream of its own for one purpose, independent of the streams for other purposes.
    pub fn stream(seed: u64, purpose: &str, index: u64) -> Self {
        Self::new(mix(seed ^ mix(hash(purpose))) ^ mix(index))
    }

    /// The next 64 bits.
    #[inline]
    pub fn word(&mut self) -> u64 {
        let s = &mut self.state;
        let result = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let shifted = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= shifted;
        s[3] = s[3].rotate_left(45);
        result
    }

    /// A number below `bound`; 0 where the bound is 0.
    #[inline]
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.word()) * u128::from(bound)) >> 64) as u64
    }

    /// A number from `low` up to, but without, `high`.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low).max(0) as u64) as i64
    }

    /// True in that many of a hundred cases.
    pub fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of the items, all alike likely.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len() as u64) as usize]
    }

    /// The place of one of the weights, each as likely as its weight.
    pub fn weighted(&mut self, weights: &[u64]) -> usize {
        let mut at = self.below(weights.iter().sum());
        for (place, weight) in weights.iter().enumerate() {
            if at < *weight {
                return place;
            }
            at -= weight;
        }
        0
    }

    /// Puts the items into a random order (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last as u64 + 1) as usize);
        }
    }

    /// Appends a random UUID of version 4 (RFC 9562, section 5.4).
    pub fn push_uuid(&mut self, out: &mut Vec<u8>) {
        let (high, low) = (self.word(), self.word());
        let bits = (u128::from(high & !0xf000 | 0x4000) << 64)
            | u128::from(low & (u64::MAX >> 2) | 1 << 63);
        let mut text = [b'-'; 36];
        let mut shift = 128;
        for (place, byte) in text.iter_mut().enumerate() {
            if !matches!(place, 8 | 13 | 18 | 23) {
                shift -= 4;
                *byte = HEX[((bits >> shift) & 15) as usize];
            }
        }
        out.extend_from_slice(&text);
    }

    /// Appends that many lower-case hexadecimal digits.
    pub fn push_hex(&mut self, digits: usize, out: &mut Vec<u8>) {
        self.push_symbols(HEX, 4, digits, out);
    }

    /// Appends that many letters and digits as AWS uses them in key ids.
    pub fn push_base32(&mut self, symbols: usize, out: &mut Vec<u8>) {
        self.push_symbols(BASE32, 5, symbols, out);
    }

    /// Appends that many base 64 symbols.
    pub fn push_base64(&mut self, symbols: usize, out: &mut Vec<u8>) {
        self.push_symbols(BASE64, 6, symbols, out);
    }

    fn push_symbols(&mut self, alphabet: &[u8], width: u32, count: usize, out: &mut Vec<u8>) {
        let (mut bits, mut left) = (0_u64, 0);
        for _ in 0..count {
            if left < width {
                (bits, left) = (self.word(), 64);
            }
            out.push(alphabet[(bits & ((1 << width) - 1)) as usize]);
            bits >>= width;
            left -= width;
        }
    }

    /// A random UUID of version 4.
    pub fn uuid(&mut self) -> String {
        text_of(|out| self.push_uuid(out))
    }

    /// That many lower-case hexadecimal digits.
    pub fn hex(&mut self, digits: usize) -> String {
        text_of(|out| self.push_hex(digits, out))
    }

    /// That many letters and digits as AWS uses them in key ids.
    pub fn base32(&mut self, symbols: usize) -> String {
        text_of(|out| self.push_base32(symbols, out))
    }

    /// That many base 64 symbols.
    pub fn base64(&mut self, symbols: usize) -> String {
        text_of(|out| self.push_base64(symbols, out))
    }
}

fn text_of(fill: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    fill(&mut out);
    out.into_iter().map(char::from).collect()
}
