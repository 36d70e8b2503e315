use super::difference;

#[test]
fn the_first_line_that_differs_is_shown() {
    let text = difference("a\nb\nc\n", "a\nB\nc\n");
    assert_eq!(text, "has in line 2 `b` instead of `B`");
    assert_eq!(difference("", "a\n"), "has in line 1 nothing instead of `a`");
    assert_eq!(difference("a\nb\n", "a\n"), "has in line 2 `b` instead of nothing");
}
