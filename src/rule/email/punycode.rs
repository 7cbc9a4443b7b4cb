//! Punycode (RFC 3492, with the parameters of section 5): how labels of domains are written in ASCII.

/// The text that is encoded (section 6.2); `None` if it is not a valid encoding.
pub(super) fn decode(encoded: &str) -> Option<String> {
    let (basic, extended) = encoded.rsplit_once('-').unwrap_or(("", encoded));
    let mut output: Vec<char> = basic.chars().collect();
    let (mut code, mut index, mut bias) = (128_u32, 0_u32, 72_u32);
    let mut digits = extended.bytes().peekable();
    while digits.peek().is_some() {
        let before = index;
        let mut weight = 1_u32;
        let mut k = 36;
        loop {
            let digit = match digits.next()? {
                letter @ b'a'..=b'z' => u32::from(letter - b'a'),
                number @ b'0'..=b'9' => u32::from(number - b'0') + 26,
                _ => return None,
            };
            index = index.checked_add(digit.checked_mul(weight)?)?;
            let threshold = threshold(k, bias);
            if digit < threshold {
                break;
            }
            weight = weight.checked_mul(36 - threshold)?;
            k += 36;
        }
        let count = u32::try_from(output.len()).ok()? + 1;
        bias = adapt(index - before, count, before == 0);
        code = code.checked_add(index / count)?;
        index %= count;
        output.insert(index as usize, char::from_u32(code)?);
        index += 1;
    }
    Some(output.into_iter().collect())
}

/// The encoding of a text (section 6.3). Texts are labels: their characters are few.
pub(super) fn encode(text: &str) -> String {
    let mut output: String = text.chars().filter(char::is_ascii).collect();
    let basic = u32::try_from(output.len()).unwrap_or(u32::MAX);
    let mut handled = basic;
    if basic > 0 {
        output.push('-');
    }
    let (mut code, mut delta, mut bias) = (128_u32, 0_u32, 72_u32);
    // Each round handles the characters with the smallest code that is left.
    while let Some(next) = text.chars().map(u32::from).filter(|&c| c >= code).min() {
        delta += (next - code) * (handled + 1);
        code = next;
        for c in text.chars().map(u32::from) {
            delta += u32::from(c < code);
            if c == code {
                push_number(&mut output, delta, bias);
                bias = adapt(delta, handled + 1, handled == basic);
                delta = 0;
                handled += 1;
            }
        }
        delta += 1;
        code += 1;
    }
    output
}

fn push_number(output: &mut String, number: u32, bias: u32) {
    const DIGITS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let mut rest = number;
    let mut k = 36;
    loop {
        let threshold = threshold(k, bias);
        if rest < threshold {
            output.push(char::from(DIGITS[rest as usize]));
            return;
        }
        output.push(char::from(DIGITS[(threshold + (rest - threshold) % (36 - threshold)) as usize]));
        rest = (rest - threshold) / (36 - threshold);
        k += 36;
    }
}

fn threshold(k: u32, bias: u32) -> u32 {
    k.saturating_sub(bias).clamp(1, 26)
}

/// Section 6.1.
fn adapt(delta: u32, count: u32, first: bool) -> u32 {
    let mut delta = if first { delta / 700 } else { delta / 2 };
    delta += delta / count;
    let mut k = 0;
    while delta > 455 {
        delta /= 35;
        k += 36;
    }
    k + 36 * delta / (delta + 38)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn labels_are_read_and_written_as_the_rfc_says() {
        // RFC 3492, section 7.1 (A, B, L), and registered domains.
        for (encoded, text) in [
            ("mnchen-3ya", "münchen"),
            ("egbpdaj6bu4bxfgehfvwxn", "ليهمابتكلموشعربي؟"),
            ("ihqwcrb4cv8a8dqg056pqjye", "他们为什么不说中文"),
            ("3b-ww4c5e180e575a65lsy2b", "3年b組金八先生"),
            ("fiqs8s", "中国"),
            ("bcher-kva", "bücher"),
        ] {
            assert_eq!(decode(encoded).as_deref(), Some(text));
            assert_eq!(encode(text), encoded);
        }
        for wrong in ["99999999999999", "a-é", "0"] {
            assert_eq!(decode(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(text in "[a-z0-9-]{0,5}[a-zé中\\u{10000}-\\u{10FFFF}]{0,30}é") {
            prop_assert_eq!(decode(&encode(&text)), Some(text));
        }
    }
}
