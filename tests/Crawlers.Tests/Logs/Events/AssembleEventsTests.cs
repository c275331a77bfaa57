using System.Text;
using Benchmarks.Logs;
using Crawlers.Logs.Events;
using Support;

namespace Crawlers.Tests.Logs.Events;

/// <summary>Lines become events: joined by stream, ended by the next head, by silence or by size.</summary>
public sealed class AssembleEventsTests
{
    [FactOnShared("traces")]
    public void Events_of_all_forms_of_streams_are_assembled_exactly()
    {
        foreach (var log in Directory.GetFiles(SharedFolder.Find("traces")!, "*.log"))
        {
            var score = AssemblyScore.Of(log);
            Assert.True(score.Right == score.Events, $"{score.Name}: {score.Right} of {score.Events}; {score.FirstWrong}");
        }
    }

    [Fact]
    public void Writers_that_take_turns_do_not_mix()
    {
        var events = Assembled.From("""
            Mar 01 09:00:00 web1 a[1]: 2026-03-01 09:00:00 ERROR first
            Mar 01 09:00:00 web1 b[2]: 2026-03-01 09:00:00 ERROR second
            Mar 01 09:00:00 web1 a[1]: java.lang.IllegalStateException: x
            Mar 01 09:00:00 web1 b[2]: Traceback (most recent call last):
            Mar 01 09:00:00 web1 a[1]:     at a.B.c(B.java:1)
            Mar 01 09:00:00 web1 b[2]:   File "b.py", line 1, in c
            Mar 01 09:00:00 web1 b[2]: KeyError: 'x'
            """);

        Assert.Equal(["1,3,5", "2,4,6,7"], events.Select(e => e.Lines).Order());
    }

    [Fact]
    public void Parts_of_a_line_that_the_runtime_cut_are_one_line()
    {
        var events = Assembled.From("""
            2026-03-01T09:00:00.01Z stderr P 2026-03-01 09:00:00 ERROR a long
            2026-03-01T09:00:00.02Z stdout F 2026-03-01 09:00:00 INFO something else
            2026-03-01T09:00:00.03Z stderr F  line
            """);

        Assert.Equal(["1,3", "2"], events.Select(e => e.Lines).Order());
        Assert.Contains(events, e => e.Text.EndsWith("a long line", StringComparison.Ordinal));
    }

    [Fact]
    public void A_docker_line_without_its_end_goes_on_in_the_next()
    {
        var events = Assembled.From("""
            {"log":"2026-03-01 09:00:00 ERROR a lo","stream":"stderr","time":"2026-03-01T09:00:00Z"}
            {"log":"ng line\n","stream":"stderr","time":"2026-03-01T09:00:00Z"}
            """);

        Assert.Equal(new Assembled("2026-03-01 09:00:00 ERROR a long line", "1,2", LogLevel.Error), Assert.Single(events));
    }

    [Fact]
    public void A_record_of_the_journal_may_hold_a_whole_trace()
    {
        var run = Crawlers.Logs.Fingerprints.FingerprintRun.Of(new MemoryStream(Encoding.UTF8.GetBytes("""
            {"MESSAGE":"2026-03-01 09:00:00 ERROR failed\nshop.BadState: x\n\tat shop.Orders.save(Orders.java:7)","_PID":"7","PRIORITY":"6"}
            {"MESSAGE":"2026-03-01 09:00:00 ERROR other","_PID":"7","PRIORITY":"6"}
            """)), LogFormat.Auto, CancellationToken.None);

        Assert.Equal(["shop.BadState in shop.Orders.save", "other"], run.Events().Select(e => e.Fingerprint.Template));
        Assert.All(run.Events(), e => Assert.Equal(LogLevel.Error, e.Level));
    }

    [Fact]
    public void Silence_ends_an_event()
    {
        var events = new List<Assembled>();
        var assemble = new AssembleEvents(Assembled.Into(events));
        assemble.Add("2026-03-01 09:00:00 ERROR last words"u8, 1, now: 100);

        assemble.FlushSilent(before: 100);
        Assert.Empty(events);
        assemble.FlushSilent(before: 101);
        Assert.Single(events);
        assemble.Add("  that go on too late"u8, 2, now: 200);
        assemble.Flush();
        Assert.Equal(["1", "2"], events.Select(e => e.Lines));
    }

    [Fact]
    public void An_event_without_end_is_bounded_and_loses_no_line_number()
    {
        var log = new StringBuilder("2026-03-01 09:00:00 ERROR head\n");
        for (var i = 0; i < 25_000; i++) log.Append("    at frame ").Append(i).Append(new string('x', 100)).Append('\n');

        var events = Assembled.From(log.ToString());

        Assert.InRange(events.Count, 2, 4);
        Assert.All(events, e => Assert.InRange(e.Text.Length, 1, AssembleEvents.MaxEventBytes));
        Assert.Equal(25_001, events.Sum(e => e.Lines.Split(',').Length));
    }

    [Fact]
    public void A_panic_begins_an_event_and_its_blank_lines_belong_to_it()
    {
        var events = Assembled.From("2026/03/01 09:00:00 fine\npanic: boom\n\ngoroutine 1 [running]:\nmain.main()\n\t/app/main.go:5 +0x1d\n\n\n2026/03/01 09:00:01 fine\n");

        Assert.Equal(["1", "2,3,4,5,6", "9"], events.Select(e => e.Lines));
    }

    [Fact]
    public void Traces_without_any_head_are_told_apart()
    {
        var events = Assembled.From("""
            Traceback (most recent call last):
              File "a.py", line 1, in f
            OutOfStock: none left
            Traceback (most recent call last):
              File "a.py", line 2, in g
            KeyError: 'x'

            During handling of the above exception, another exception occurred:

            Traceback (most recent call last):
              File "a.py", line 3, in h
            ValueError: y
            Error: boom
                at f (/app/a.js:1:2)
            Error: bang
                at g (/app/a.js:1:2)
            """);

        Assert.Equal(["1,2,3", "4,5,6,7,8,9,10,11,12", "13,14", "15,16"], events.Select(e => e.Lines));
    }

    [Fact]
    public void What_node_prints_of_an_exception_that_nobody_caught_is_one_event()
    {
        const string Uncaught = "/app/app.js:45\n    throw new Error('x');\n    ^\n\nError: x\n    at f (/app/app.js:45:11)\n\nNode.js v22.1.0\n";

        Assert.Equal(["1,2,3,4,5,6,7,8"], Assembled.From(Uncaught).Select(e => e.Lines));
        Assert.Equal(["1", "2,3,4,5,6,7,8,9"], Assembled.From("[2026-03-01T09:00:00Z] INFO fine\n" + Uncaught).Select(e => e.Lines));
    }

    [Fact]
    public void Thousands_of_processes_keep_no_more_than_some_streams_open()
    {
        var events = new List<Assembled>();
        var assemble = new AssembleEvents(Assembled.Into(events));
        for (var i = 0; i < 20_000; i++) assemble.Add(Encoding.UTF8.GetBytes($"Mar 01 09:00:00 web1 job[{i}]: done"), i + 1, now: i);

        Assert.InRange(assemble.Streams, 1, 4096);
        assemble.Flush();
        Assert.Equal(20_000, events.Count);
    }
}
