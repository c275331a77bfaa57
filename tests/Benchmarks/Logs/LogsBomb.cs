using System.Text;
using System.Text.Json.Nodes;
using Support;

namespace Benchmarks.Logs;

/// <summary>A log bomb: a million different errors at once. Memory and rows are bounded, one storm is told, and nothing is dropped without being counted.</summary>
static class LogsBomb
{
    const int Errors = 1_000_000;

    public static async Task<bool> RunAsync(BenchmarkRun run, CancellationToken ct)
    {
        using var files = new TempFolder();
        var file = Path.Combine(files.Path, "bomb.log");
        await using (var writer = new StreamWriter(file, false, new UTF8Encoding(false)))
            for (var i = 0; i < Errors; i++) await writer.WriteAsync($"2026-03-01 09:00:00,000 ERROR shop.{Word(i * 7)} - {Word(i)} broke in {Word(i * 3)} {Word(i * 11)}\n");
        await using var engine = new LogsEngine();
        await engine.StartAsync();
        var most = 0L;
        await engine.PutSourceAsync("bomb", new JsonObject { ["paths"] = new JsonArray(file), ["service"] = "shop" });
        while ((await engine.SourceAsync("bomb")).GetProperty("errors").GetInt64() < Errors - 1)
        {
            most = Math.Max(most, Memory(engine.ProcessId));
            await Task.Delay(100, ct);
        }
        await Task.Delay(TimeSpan.FromSeconds(3), ct);
        var source = await engine.SourceAsync("bomb");
        var (errors, dropped) = (source.GetProperty("errors").GetInt64(), source.GetProperty("dropped_errors").GetInt64());
        var stored = long.Parse((await engine.QueryAsync("select coalesce(sum(count), 0)::bigint from error_fingerprints"))[0], System.Globalization.CultureInfo.InvariantCulture);
        var findings = await engine.QueryAsync("select kind, count(*) from log_findings group by kind");
        var tasks = await engine.QueryAsync("select count(*) from governance_tasks where kind = 'investigate_error'");
        run.Say($"bomb: {errors} errors, {stored} in {(await engine.QueryAsync("select count(*) from error_fingerprints"))[0]} rows, {dropped} dropped and counted, findings {string.Join(", ", findings)}, {tasks[0]} tasks, {most} MB at most");
        run.Result(new { what = "bomb", errors, stored, dropped, findings = string.Join(", ", findings), tasks = tasks[0], rss_mb = most });
        return errors == Errors && stored + dropped == Errors && findings is ["storm 1"] && tasks[0] == "1";
    }

    static long Memory(int processId)
    {
        using var process = System.Diagnostics.Process.GetProcessById(processId);
        return process.WorkingSet64 >> 20;
    }

    // Letters alone: no mask makes two of them one.
    static string Word(int number)
    {
        var word = new StringBuilder("qu");
        for (var n = (uint)number + 1; n > 0; n /= 20) word.Append("bdklmnprstvwzghjqxyu"[(int)(n % 20)]).Append('o');
        return word.ToString();
    }
}
