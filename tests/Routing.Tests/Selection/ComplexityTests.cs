using Routing.Selection;

namespace Routing.Tests.Selection;

public sealed class ComplexityTests
{
    const string Easy = "What time is it in Berlin?";

    const string Word = "Krissa orders shirts. Twice as many students need size small as extra small, and half as many need size large. If 11 need extra small, how many is that altogether?";

    const string Code = """
        def total(orders):
            sum = 0
            for order in orders:
                if order.paid:
                    sum += order.price * order.count
            return sum
        """;

    const string Bug = """
        Checkout fails since this morning. Find the cause, fix it in src/Shop/Checkout.cs and src/Shop/Cart.cs, and add a test to tests/CheckoutTests.cs.
        System.NullReferenceException: Object reference not set to an instance of an object.
           at Shop.Checkout.Pay(Order order) in /srv/Checkout.cs:line 42
           at Shop.Checkout.Run() in /srv/Checkout.cs:line 17
           at Shop.Program.Main(String[] args) in /srv/Program.cs:line 5
        1. reproduce it
        2. write a failing test
        3. mend it; the SQL in db/orders.sql must not change
        """;

    [Fact]
    public void A_harder_looking_request_is_more_complex() =>
        Assert.Equal([Easy, Word, Code, Bug], new[] { Bug, Code, Easy, Word }.OrderBy(t => Complexity.Of(t).Value));

    [Fact]
    public void The_value_is_the_sum_of_the_parts_and_each_says_what_was_seen()
    {
        var complexity = Complexity.Of(Bug);

        Assert.Equal(complexity.Value, complexity.Parts.Sum(p => p.Weight * p.Value), 3);
        Assert.InRange(complexity.Value, 0.6, 1);
        Assert.Equal(["size", "code", "formulas", "numbers", "relations", "steps", "stack_trace", "files", "languages"], complexity.Parts.Select(p => p.Name));
        Assert.StartsWith("3 frames of a stack trace: 0.16 of at most 0.30.", Seen(complexity, "stack_trace"), StringComparison.Ordinal);
        Assert.StartsWith("6 files are named", Seen(complexity, "files"), StringComparison.Ordinal); // four, and two of the trace
        Assert.StartsWith("3 questions and listed steps", Seen(complexity, "steps"), StringComparison.Ordinal);
        Assert.StartsWith("2 programming languages", Seen(complexity, "languages"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("   at Shop.Checkout.Pay(Order order) in Checkout.cs:line 42", "stack_trace")]
    [InlineData("    at Object.<anonymous> (/srv/app.js:3:9)", "stack_trace")]
    [InlineData("\tat com.shop.Checkout.pay(Checkout.java:42)", "stack_trace")]
    [InlineData("  File \"/srv/app.py\", line 3, in pay", "stack_trace")]
    [InlineData("Traceback (most recent call last):", "stack_trace")]
    [InlineData("goroutine 1 [running]:", "stack_trace")]
    [InlineData("   3: core::panicking::panic", "stack_trace")]
    [InlineData("for (var i = 0; i < n; i++) {", "code")]
    [InlineData("    return total", "code")]
    [InlineData("select name from users where id = 1;", "code")]
    [InlineData("import numpy", "code")]
    [InlineData("Find $x$ with $x^2 \\le 5$", "formulas")]
    [InlineData("What is 12 * 7 + 3?", "formulas")]
    [InlineData("look into web/src/App.tsx and app/config.yaml", "files")]
    [InlineData("Port it from Python to Rust", "languages")]
    [InlineData("Each of them has twice as many", "relations")]
    public void What_a_line_looks_like_is_seen(string text, string part) => Assert.True(Complexity.Of(text).Parts.Single(p => p.Name == part).Value > 0, part);

    [Theory]
    [InlineData("If you have time for a walk, come at noon.", "code")]
    [InlineData("He paid $5, then $12.50, at the shop.", "formulas")]
    [InlineData("We met at work. From there we went home, e.g. by bus.", "stack_trace")]
    [InlineData("The end.No file here, version 1.2.3 of nothing.", "files")]
    [InlineData("It runs in Python.", "languages")]
    public void What_a_line_only_resembles_is_not(string text, string part) => Assert.Equal(0, Complexity.Of(text).Parts.Single(p => p.Name == part).Value);

    [Theory]
    [InlineData("")]
    [InlineData("\0\ud800\uffff\r\n\r")]
    [InlineData("$ ^ _ \\ + = < > ( ) . , : ; @ # ? ! 1. - * \" ' `")]
    public void Odd_texts_break_nothing(string text) => Assert.InRange(Complexity.Of(text).Value, 0, 1);

    [Fact]
    public void A_very_long_text_is_as_complex_as_can_be_and_not_more()
    {
        var complexity = Complexity.Of(string.Concat(Enumerable.Repeat(Bug + Code, 2000)));

        Assert.Equal(1, complexity.Value);
        Assert.All(complexity.Parts, p => Assert.InRange(p.Value, 0, 1));
    }

    [Theory]
    [InlineData("The quick brown fox jumps over the lazy dog.", 8, 13)]
    [InlineData("1234567890", 3, 6)]
    [InlineData("你好，世界", 4, 8)]
    [InlineData("----------------------------------------", 1, 4)]
    public void Tokens_are_estimated(string text, int least, int most) => Assert.InRange(InputMeasure.Of(text).Tokens - 4, least, most); // four for the message

    [Fact]
    public void A_request_of_several_texts_is_measured_as_a_whole()
    {
        var (one, both) = (InputMeasure.Of("Grüße"), InputMeasure.Of("Grüße", "Grüße"));

        Assert.Equal((7, 14), (one.Bytes, both.Bytes));
        Assert.Equal(2 * one.Tokens, both.Tokens);
    }

    static string Seen(Complexity complexity, string part) => complexity.Parts.Single(p => p.Name == part).Sentence;
}
