using System.Text;
using Crawlers.Logs.Events;

namespace Crawlers.Tests.Logs.Events;

/// <summary>A crawl that is broken off anywhere gives the events of one that is not.</summary>
public sealed class AssemblerStateTests
{
    const string Lines = """
        2026-03-01 09:00:00,010 INFO [main] shop.Orders - order 1 came
        2026-03-01 09:00:00,020 ERROR [main] shop.Orders - order 2 was lost
        java.lang.IllegalStateException: no stock
        	at shop.Stock.take(Stock.java:41)
        	at shop.Stock.take(Stock.java:41)

        Caused by: java.io.IOException: closed
        	at shop.Db.read(Db.java:9)
        2026-03-01 09:00:01,000 WARN [main] shop.Orders - slow
        Mar  1 09:00:02 web1 app[12]: Traceback (most recent call last):
        Mar  1 09:00:02 web2 app[13]: something else
        Mar  1 09:00:02 web1 app[12]:   File "/srv/app.py", line 3, in main
        Mar  1 09:00:02 web1 app[12]: ValueError: bad
        2026-03-01T09:00:03.000000000Z stderr P a line that
        2026-03-01T09:00:03.000000000Z stdout F another writer
        2026-03-01T09:00:03.000000000Z stderr F  was cut
        {"log":"{\"level\":\"error\",\"msg\":\"x\"}\n","stream":"stderr","time":"2026-03-01T09:00:04Z"}
        panic: boom

        goroutine 1 [running]:
        main.main()
        	/srv/main.go:7 +0x1d
        """;

    [Fact]
    public void An_assembler_that_goes_on_from_a_saved_state_gives_the_same_events_wherever_it_was_cut()
    {
        var lines = Lines.ReplaceLineEndings("\n").Split('\n');
        var whole = Run(lines, []);

        for (var cut = 0; cut <= lines.Length; cut++) Assert.Equal(whole, Run(lines, [cut]));
        Assert.Equal(whole, Run(lines, Enumerable.Range(0, lines.Length)));
    }

    [Fact]
    public void A_state_of_another_version_is_not_taken()
    {
        var assembler = new AssembleEvents((in AssembledEvent _) => { });

        Assert.False(assembler.Restore([99, 1, 2, 3], 0));
        Assert.False(assembler.Restore([], 0));
        Assert.Equal(0, assembler.Streams);
    }

    [Fact]
    public void Open_events_that_are_too_much_to_keep_are_handed_over_before()
    {
        var events = 0;
        var assembler = new AssembleEvents((in AssembledEvent _) => events++);
        for (var process = 0; process < 100; process++)
            assembler.Add(Encoding.UTF8.GetBytes($"Mar  1 09:00:02 web1 app[{process}]: {new string('x', 30_000)}"), 1, process);

        var state = assembler.Save();

        Assert.InRange(state.Length, 900_000, 1_200_000);
        Assert.InRange(events, 60, 70);
    }

    static List<string> Run(string[] lines, IEnumerable<int> cuts)
    {
        var at = cuts.ToHashSet();
        var events = new List<string>();
        void Take(in AssembledEvent e) => events.Add($"{e.Level} {string.Join(',', e.Lines.ToArray())} {e.Header} {Encoding.UTF8.GetString(e.EnvelopeTime)} {e.IsMultiLine} {Encoding.UTF8.GetString(e.Text)}");
        var assembler = new AssembleEvents(Take);
        for (var i = 0; i <= lines.Length; i++)
        {
            if (at.Contains(i))
            {
                var state = assembler.Save();
                assembler = new AssembleEvents(Take);
                Assert.True(assembler.Restore(state, 0));
            }
            if (i < lines.Length) assembler.Add(Encoding.UTF8.GetBytes(lines[i]), i + 1);
        }
        assembler.Flush();
        return events;
    }
}
