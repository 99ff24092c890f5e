//! JSON over several lines, with its keys, numbers and escapes as they stand.
//!
//! A manifest that is read into a value and written again has other bytes than its author chose.

/// The JSON text with one value a line, as other clients show it.
pub(crate) fn indented(json: &str) -> String {
    let mut text = String::with_capacity(json.len() * 2);
    let (mut depth, mut is_quoted, mut is_escaped) = (0_usize, false, false);
    let mut chars = json.chars().peekable();
    while let Some(c) = chars.next() {
        if is_quoted {
            text.push(c);
            is_quoted = is_escaped || c != '"';
            is_escaped = !is_escaped && c == '\\';
            continue;
        }
        match c {
            c if c.is_ascii_whitespace() => {}
            '{' | '[' => {
                text.push(c);
                while chars.next_if(char::is_ascii_whitespace).is_some() {}
                if !matches!(chars.peek(), Some('}' | ']')) {
                    depth += 1;
                    line(&mut text, depth);
                } else if let Some(end) = chars.next() {
                    text.push(end);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut text, depth);
                text.push(c);
            }
            ',' => {
                text.push(c);
                line(&mut text, depth);
            }
            ':' => text.push_str(": "),
            c => {
                is_quoted = c == '"';
                text.push(c);
            }
        }
    }
    text
}

fn line(text: &mut String, depth: usize) {
    text.push('\n');
    text.extend(std::iter::repeat_n("  ", depth));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_stays_as_it_is_written() {
        let json = r#"{"b" :{"x": [ ] , "y":{ }},"a":["{,:}\"\\",1.50e3,{"k":null}]}"#;
        insta::assert_snapshot!(indented(json), @r#"
        {
          "b": {
            "x": [],
            "y": {}
          },
          "a": [
            "{,:}\"\\",
            1.50e3,
            {
              "k": null
            }
          ]
        }
        "#);
    }
}
