using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Support;

namespace Benchmarks.Logs;

/// <summary>
/// A million lines that are written, rotated and crawled while the engine is ended by <c>kill -9</c> again and again: the counts are those of a run
/// that nothing befell, and each error is told of once.
/// </summary>
static class LogsCrash
{
    const int Lines = 1_000_000, Rotations = 20;

    public static async Task<bool> RunAsync(BenchmarkRun run, string loghub, CancellationToken ct)
    {
        var kills = int.Parse(Environment.GetEnvironmentVariable("KILLS") ?? "20", CultureInfo.InvariantCulture);
        var seed = int.Parse(Environment.GetEnvironmentVariable("SEED") ?? "1", CultureInfo.InvariantCulture);
        var clean = await CrawlAsync(run, loghub, 0, seed, ct);
        var killed = await CrawlAsync(run, loghub, kills, seed, ct);
        var differ = clean.Counts.Except(killed.Counts).Concat(killed.Counts.Except(clean.Counts)).ToList();
        foreach (var line in differ.Take(10)) run.Say($"differs: {line}");
        var missing = clean.Told.Except(killed.Told).Count();
        run.Say($"crash: {kills} kills, {killed.Counts.Count} counts of {killed.Lines} lines, {differ.Count} differ; {killed.Told.Count} errors told of, {missing} missing, {killed.Twice} twice");
        run.Result(new { what = "crash", kills, killed.Lines, counts = killed.Counts.Count, differ = differ.Count, told = killed.Told.Count, missing, killed.Twice });
        return differ.Count == 0 && missing == 0 && killed.Twice == 0 && killed.Told.Count == clean.Told.Count;
    }

    static async Task<Outcome> CrawlAsync(BenchmarkRun run, string loghub, int kills, int seed, CancellationToken ct)
    {
        using var files = new TempFolder();
        await using var engine = new LogsEngine();
        await engine.StartAsync();
        await engine.PutSourceAsync("app", new JsonObject { ["paths"] = new JsonArray(Path.Combine(files.Path, "app.log*")), ["count_from"] = "unknown" });
        // Without kills it is written at once; with them over the time that they take.
        var writing = WriteAsync(files.Path, loghub, kills == 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(kills * 3.2), ct);
        var random = new Random(seed);
        for (var kill = 1; kill <= kills; kill++)
        {
            await Task.Delay(random.Next(50, 1500), ct);
            await engine.KillAsync();
            await engine.StartAsync();
            run.Say($"kill {kill}: {(await engine.SourceAsync("app")).GetProperty("lines").GetInt64()} lines");
        }
        var written = await writing;
        await engine.ReadAsync("app", written, ct);
        await Task.Delay(TimeSpan.FromSeconds(8), ct); // what is open is completed by silence, and old files end
        var counts = await engine.QueryAsync("select fingerprint, span, extract(epoch from at)::bigint, count from error_counts order by 1, 2, 3");
        var told = await engine.QueryAsync("select group_key from log_findings where kind in ('new', 'critical') union select group_key from log_storm_members");
        var twice = await engine.QueryAsync("select kind, group_key from log_findings where kind <> 'storm' group by 1, 2 having count(*) > 1 union all select 'member', group_key from log_storm_members group by 2 having count(*) > 1");
        return new Outcome([.. counts], [.. told], twice.Count, (await engine.SourceAsync("app")).GetProperty("lines").GetInt64());
    }

    static async Task<long> WriteAsync(string folder, string loghub, TimeSpan within, CancellationToken ct)
    {
        var path = Path.Combine(folder, "app.log");
        var source = new LogsFile(loghub);
        var block = new StringBuilder();
        var written = 0L;
        for (var rotation = 0; rotation < Rotations; rotation++)
        {
            for (var part = 0; part < 10; part++)
            {
                foreach (var line in source.Lines((int)written, Lines / Rotations / 10))
                {
                    block.Append(line).Append('\n');
                    written++;
                }
                await File.AppendAllTextAsync(path, block.ToString(), ct);
                block.Clear();
                await Task.Delay(within / (Rotations * 10), ct);
            }
            if (rotation == Rotations - 1) break;
            for (var old = rotation; old > 0; old--) File.Move($"{path}.{old}", $"{path}.{old + 1}");
            File.Move(path, path + ".1");
        }
        return written;
    }

    sealed record Outcome(HashSet<string> Counts, HashSet<string> Told, int Twice, long Lines);
}
