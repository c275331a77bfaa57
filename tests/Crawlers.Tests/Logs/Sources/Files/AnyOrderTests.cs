using System.Text;

namespace Crawlers.Tests.Logs.Sources.Files;

/// <summary>Whatever programs, rotation and crashes do in whatever order, each line is counted once.</summary>
public sealed class AnyOrderTests
{
    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(3, false)]
    [InlineData(4, false)]
    [InlineData(5, true)]
    [InlineData(6, true)]
    public async Task Each_line_is_counted_once(int seed, bool hasLarge)
    {
        await using var tail = new Tail("app.log*");
        var random = new Random(seed);
        var written = new List<string>();
        var counted = new List<(string Line, string Where)>();
        var done = new StringBuilder();
        for (var step = 0; step < 120; step++)
        {
            var what = random.Next(16);
            done.Append(' ').Append(what);
            switch (what)
            {
                case <= 2: Write(random.Next(1, 300)); break;
                case <= 5: Count(await tail.ChunksAsync()); break;
                case 6: Count(Given.Of(await tail.ReadOnceAsync())); break;
                case 7: // dies before the commit
                    await tail.ReadOnceAsync(commits: false);
                    await tail.RestartAsync();
                    break;
                case 8:
                    tail.Shell($"{Shift} if [ -e app.log ]; then mv app.log app.log.1; fi");
                    if (written.Count > 0 && random.Next(2) == 0) Write(random.Next(1, 5), "app.log.1"); // the program writes on, until it is told
                    break;
                case 9:
                    tail.Shell($"{Shift} if [ -e app.log ]; then cp app.log app.log.1; fi");
                    if (random.Next(2) == 0) Count(await tail.ChunksAsync());
                    tail.Shell("if [ -e app.log ]; then truncate -s 0 app.log; fi");
                    break;
                case 10: tail.Shell($"f=app.log.{random.Next(1, 6)}; if [ -s $f ]; then gzip $f; fi"); break;
                case 12:
                    tail.Shell($"f=app.log.{random.Next(1, 6)}; if [ -s $f ]; then gzip -k $f; fi"); // not yet removed
                    Count(await tail.ChunksAsync());
                    tail.Shell("for f in app.log.*.gz; do if [ -e $f ] && [ -e ${f%.gz} ]; then rm ${f%.gz}; fi; done");
                    break;
                case 13: tail.Shell($"f=app.log.{random.Next(1, 6)}; if [ -s $f ]; then cp $f app.log.copy; touch $f; fi"); break;
                case 14: tail.Shell("rm -f app.log.copy"); break;
                case 15: tail.Shell($"f=app.log.{random.Next(1, 6)}; if [ -s $f.gz ]; then gunzip $f.gz; fi"); break;
                case 11: tail.Time.Advance(TimeSpan.FromSeconds(random.Next(1, 20))); break;
            }
        }
        for (var i = 0; i < 30; i++) Count(await tail.ChunksAsync());

        var wrong = counted.GroupBy(c => c.Line).Where(g => g.Count() > 1).Select(g => string.Join(" and ", g.Select(c => c.Where)) + ": " + g.Key).ToList();
        Assert.True(wrong.Count == 0 && written.Count == counted.Count, $"{written.Count} written, {counted.Count} counted, first missing {written.Except(counted.Select(c => c.Line)).FirstOrDefault()?.TrimEnd('x')}, first twice {wrong.FirstOrDefault()?.TrimEnd('x')}; steps{done}");

        void Count(IEnumerable<Given> given) => counted.AddRange(given.SelectMany(g => g.Lines.Select(l => (l, $"after {done.ToString().Count(c => c == ' ')} in {g.Part}"))));

        void Write(int lines, string log = "app.log")
        {
            var text = new StringBuilder();
            var isLarge = hasLarge && random.Next(3) == 0; // more than a read gives at once
            for (var i = 0; i < lines; i++)
            {
                var line = $"2026-03-01 09:00:00 INFO line {written.Count}{(isLarge ? new string('x', 20_000) : "")}";
                written.Add(line);
                text.Append(line).Append('\n');
            }
            tail.Append(log, text.ToString());
        }
    }

    // Like logrotate, without removing what is too old.
    const string Shift = "for n in $(seq 40 -1 1); do for z in '' .gz; do if [ -e app.log.$n$z ]; then mv app.log.$n$z app.log.$((n + 1))$z; fi; done; done;";
}
