using System.Text.RegularExpressions;
using Benchmarks.Logs;
using Crawlers.Logs.Fingerprints;
using Support;

namespace Crawlers.Tests.Logs.Fingerprints;

/// <summary>Traces of all languages: types, causes, own frames, and what must not count.</summary>
public sealed class TraceTests
{
    readonly FingerprintEvent fingerprint = new();

    [FactOnShared("traces")]
    public void All_variants_of_a_bug_are_one_group_and_no_two_bugs_are()
    {
        var scores = TraceScore.Of(Path.Combine(SharedFolder.Find("traces")!, "cases.jsonl"), texts => [.. texts.Select(t => fingerprint.Run(t).Key)]);

        Assert.All(scores, s => Assert.True(s.Score.Ga >= 0.98, string.Join('\n', s.Wrong)));
    }

    [FactOnShared("traces")]
    public void Hubs_with_names_that_say_nothing_are_learned()
    {
        string Renamed(string text) => Regex.Replace(text, "dispatch|handle_?request|run_?job|run_?step", m => "zork" + m.Length + m.Value[^1], RegexOptions.IgnoreCase);

        var scores = TraceScore.Of(Path.Combine(SharedFolder.Find("traces")!, "cases.jsonl"), texts =>
        {
            var seen = texts.Select(t => fingerprint.Run(Renamed(t))).ToList();
            var aliases = LearnAliases.From(seen);
            return [.. seen.Select(f => aliases.TryGetValue(f.Key, out var alias) ? alias.To : f.Key)];
        });

        Assert.All(scores, s => Assert.True(s.Score.Ga >= 0.98, string.Join('\n', s.Wrong)));
    }

    [Theory]
    [InlineData("lost\nshop.BadState: x\n\tat java.base/java.util.List.get(List.java:5)\n\tat shop.Orders.save(Orders.java:7)\n\tat shop.Web.handleRequest(Web.java:1)", "shop.BadState in shop.Orders.save")]
    [InlineData("a.OuterException: x\n\tat a.B.outer(B.java:1)\nCaused by: a.RootException: y\n\tat a.B.inner(B.java:2)\n\tat a.B.outer(B.java:1)\n\t... 1 more", "a.OuterException ← a.RootException in a.B.inner ← a.B.outer")]
    [InlineData("a.BoomException\n\tat a.Proxy$$EnhancerBySpringCGLIB$$1a2b3c.save(<generated>)\n\tat a.B.lambda$save$3(B.java:2)\n\tat a.B$1.call(B.java:9)", "a.BoomException in a.B.save")]
    [InlineData("System.InvalidOperationException: x\n ---> System.IO.IOException: y\n   at Shop.Db.<OpenAsync>d__5.MoveNext() in /src/Db.cs:line 4\n   --- End of inner exception stack trace ---\n   at Shop.Orders.Save(Int32 id) in /src/Orders.cs:line 9",
        "System.InvalidOperationException ← System.IO.IOException in Shop.Db.OpenAsync")]
    [InlineData("Traceback (most recent call last):\n  File \"/x/lib/python3.12/json/decoder.py\", line 3, in decode\n  File \"/srv/app.py\", line 5, in load\n  File \"/srv/app.py\", line 4, in parse\njson.decoder.JSONDecodeError: bad", "json.decoder.JSONDecodeError in app.parse ← app.load")]
    [InlineData("TypeError: x is undefined\n    at async Object.save (/app/a.js:1:2)\n    at /app/node_modules/express/router.js:3:4\n    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)", "TypeError in save")]
    [InlineData("Traceback (most recent call last):\n  File \"/srv/app.py\", line 5, in load\nsocket.gaierror: [Errno -2] Name or service not known", "socket.gaierror in app.load")]
    [InlineData("ERROR request 0 failed ServiceError: could not save 0\n    at save (/app/a.js:4:59) {\n  code: 'E',\n  [cause]: TypeError: null\n      at inner (/app/a.js:3:25)\n}", "ServiceError ← TypeError in inner")]
    [InlineData("any failed\n [AggregateError: All promises were rejected] {\n  [errors]: [\n    ServiceError: a\n        at save (/app/a.js:4:59),\n    ServiceError: b\n        at other (/app/a.js:9:59)\n  ]\n}", "AggregateError ← ServiceError in save")]
    [InlineData("panic: (*main.OutOfStock) 0xc000012345\n\ngoroutine 1 [running]:\nmain.sell(...)\n\t/build/main.go:12 +0x1", "main.OutOfStock in main.sell")]
    [InlineData("panic: runtime error: index out of range [65] with length 29\n\ngoroutine 7 [running]:\nmain.(*Shop).pick.func1(0x507a00?)\n\t/build/main.go:120 +0xbb\nmain.main()\n\t/build/main.go:3 +0x1\n\ngoroutine 8 [sleep]:\nmain.other()\n\t/build/main.go:7 +0x1",
        "runtime error: index out of range in main.(*Shop).pick")]
    [InlineData("app.rb:12:in 'Orders#save': no stock (OutOfStock)\n\tfrom app.rb:20:in 'block in Shop#sell'\n\tfrom /usr/lib/ruby/gems/3.2/gems/rack-3/lib/rack.rb:5:in 'call'", "OutOfStock in Orders#save ← Shop#sell")]
    [InlineData("thread 'main' panicked at src/orders.rs:12:5:\nno stock for 5\nstack backtrace:\n   0: rust_begin_unwind\n             at /rustc/9fc6/library/std/src/panicking.rs:645:5\n   1: core::panicking::panic_fmt\n   2: shop::orders::save::h0123456789abcdef\n             at ./src/orders.rs:12:5\n   3: shop::sell::{{closure}}\n             at ./src/shop.rs:3:1",
        "panic in orders.rs in shop::orders::save ← shop::sell")]
    public void Types_causes_and_own_frames_make_the_key(string text, string template) => Assert.Equal(template, fingerprint.Run(text).Template);

    [Fact]
    public void An_exception_group_is_told_by_its_first_exception()
    {
        var found = fingerprint.Run("""
            failed
              + Exception Group Traceback (most recent call last):
              |   File "/srv/app.py", line 9, in gather
              |     raise ExceptionGroup("many", errors)
              | ExceptionGroup: many (2 sub-exceptions)
              +-+---------------- 1 ----------------
                | Traceback (most recent call last):
                |   File "/srv/app.py", line 4, in load
                |     raise ValueError(1)
                | ValueError: 1
                +---------------- 2 ----------------
                | Traceback (most recent call last):
                |   File "/srv/app.py", line 6, in load_other
                | KeyError: 'x'
                +------------------------------------
            """);

        Assert.Equal("ExceptionGroup ← ValueError in app.load", found.Template);
    }

    [Fact]
    public void Recursion_counts_once_however_deep()
    {
        static string Trace(int depth) => "Error: cycle\n" + string.Concat(Enumerable.Repeat("    at walk (/a.js:1:2)\n", depth)) + "    at walkTree (/a.js:3:4)";

        Assert.Equal(fingerprint.Run(Trace(2)).Key, fingerprint.Run(Trace(500)).Key);
    }

    [Fact]
    public void A_function_from_which_many_fail_is_learned_as_a_hub()
    {
        static string Trace(string inner, string outer) => $"x.BoomException: x\n\tat shop.A.{inner}(A.java:1)\n\tat shop.A.bug(A.java:2)\n\tat shop.A.{outer}(A.java:3)";
        var seen = Enumerable.Range('a', 6).Select(c => fingerprint.Run(Trace($"fail{(char)c}", "one"))).Append(fingerprint.Run("x.BoomException: x\n\tat shop.A.faila(A.java:1)\n\tat shop.A.two(A.java:3)")).ToList();

        var aliases = LearnAliases.From(seen);

        Assert.All(seen.Take(6), f => Assert.Contains("shop.A.bug is a hub", aliases[f.Key].Reason, StringComparison.Ordinal));
        Assert.Equal(6, seen.Take(6).Select(f => aliases[f.Key].To).Distinct().Count());
    }
}
