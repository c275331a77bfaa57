using System.Globalization;
using System.Text;
using System.Text.Json;
using Support;

namespace EndToEnd;

/// <summary>The log crawler from outside: a real service that fails, and an engine that is killed while it reads.</summary>
public sealed class LogsTests : IAsyncLifetime
{
    static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);

    readonly TempFolder folder = new(), data = new();
    EngineProcess engine = null!;

    public async Task InitializeAsync() => engine = await EngineProcess.StartAsync(data.Path);

    public async Task DisposeAsync()
    {
        await engine.DisposeAsync();
        folder.Dispose();
        data.Dispose();
    }

    [FactNeeding("node")]
    public async Task A_service_that_fails_in_three_ways_gets_three_tasks_with_line_commit_and_owner()
    {
        var repository = await ShopRepositoryAsync();
        var log = Path.Combine(folder.Path, "shop.log");
        Good(await engine.CommandAsync("logs", "repositories", "set", repository, "--service", "shop"));
        Good(await engine.CommandAsync("logs", "sources", "add", "shop", "--kind", "files", "--path", log, "--service", "shop"));
        using (var shop = RunningProgram.Start("sh", ["-c", "exec node \"$0\" > \"$1\"", Path.Combine(repository, "server.js"), log]))
        {
            await Eventually.TrueAsync(() => File.Exists(log) && File.ReadAllText(log).Contains("listening", StringComparison.Ordinal), Soon, "the shop listens");
            var port = File.ReadAllText(log).Split("port ")[1].Trim();
            using var customer = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
            for (var i = 0; i < 5; i++)
                foreach (var path in new[] { "/order?article=cocoa", "/reserve?article=cocoa", "/pay", "/order?article=tea" }) await customer.GetAsync(path);
            shop.Signal("TERM");
            await shop.EndAsync(Soon);
        }

        var errors = new List<JsonElement>();
        await Eventually.TrueAsync(async () =>
        {
            errors = [.. JsonElement.Parse((await engine.CommandAsync("logs", "errors", "--service", "shop", "--json")).Output).GetProperty("items").EnumerateArray()];
            return errors.Count == 3 && errors.All(e => e.GetProperty("count").GetInt32() == 5);
        }, Soon, "three errors, five times each");
        var found = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var error in errors)
        {
            var triage = default(JsonElement);
            await Eventually.TrueAsync(async () => (triage = JsonElement.Parse((await engine.CommandAsync("logs", "show", error.GetProperty("fingerprint").GetString()!, "--json")).Output).GetProperty("triage")).ValueKind == JsonValueKind.Object, Soon, "the error is triaged");
            found[error.GetProperty("title").GetString()!] = $"{triage.GetProperty("file")}:{triage.GetProperty("line")} {triage.GetProperty("commit").GetProperty("summary")} {triage.GetProperty("commit").GetProperty("author")} {string.Join(' ', triage.GetProperty("owners").EnumerateArray())}";
        }
        Assert.Equal(new Dictionary<string, string>
        {
            ["DeclinedError in charge"] = "lib/payments.js:8 Open the shop Ann @payments",
            ["Error ← RangeError in read"] = "lib/stock.js:5 Open the shop Ann @shop",
            ["TypeError in priceOf"] = "lib/orders.js:5 Count prices net Bob @shop",
        }, found);
        var tasks = JsonElement.Parse((await engine.CommandAsync("tasks", "list", "--kind", "investigate_error", "--json")).Output).GetProperty("items").EnumerateArray().ToList();
        Assert.Equal(["waiting_approval", "waiting_approval", "waiting_approval"], tasks.Select(t => t.GetProperty("state").GetString()));
    }

    [Fact]
    public async Task What_a_service_writes_into_a_pipe_is_counted_while_it_goes_on()
    {
        using var piped = RunningProgram.Start("sh", ["-c", """(echo "ERROR the mill stands still"; echo "INFO fine"; sleep 20) | "$0" logs crawl - --service mill""", EngineProcess.Executable],
            new Dictionary<string, string> { ["PATH"] = Environment.GetEnvironmentVariable("PATH")!, ["ENGINE_URL"] = engine.Url.ToString(), ["ENGINE_TOKEN"] = engine.AdminToken });

        await Eventually.TrueAsync(async () => (await engine.CommandAsync("logs", "errors", "--service", "mill")).Output.Contains("the mill stands still", StringComparison.Ordinal), Soon, "its error is counted");

        Assert.False(piped.HasExited);
    }

    [Fact]
    public async Task An_engine_that_is_killed_while_it_reads_rotated_logs_counts_each_line_once_and_tells_each_error_once()
    {
        const int Lines = 120_000, Rotations = 6, Errors = 40;
        Good(await engine.CommandAsync("logs", "sources", "add", "app", "--kind", "files", "--path", Path.Combine(folder.Path, "app.log*"), "--service", "app"));
        var writing = Task.Run(async () =>
        {
            var path = Path.Combine(folder.Path, "app.log");
            for (var rotation = 0; rotation < Rotations; rotation++)
            {
                for (var part = 0; part < 10; part++)
                {
                    var text = new StringBuilder();
                    for (var i = 0; i < Lines / Rotations / 10; i++)
                        text.Append(CultureInfo.InvariantCulture, $"2026-03-01 09:{rotation:00}:{part:00} {(i % 5 == 0 ? "ERROR" : "INFO")} step {Word(i % Errors)} of order {i} failed in {Word(i % Errors * 3)}\n");
                    await File.AppendAllTextAsync(path, text.ToString());
                    await Task.Delay(100);
                }
                if (rotation == Rotations - 1) return;
                for (var old = rotation; old > 0; old--) File.Move($"{path}.{old}", $"{path}.{old + 1}");
                File.Move(path, path + ".1");
            }
        });
        var random = new Random(3);
        for (var kill = 0; kill < 3; kill++)
        {
            await Task.Delay(random.Next(200, 900));
            await engine.KillAsync();
            await engine.DisposeAsync();
            engine = await EngineProcess.StartAsync(data.Path);
        }
        await writing;

        var source = default(JsonElement);
        await Eventually.TrueAsync(async () =>
        {
            source = JsonElement.Parse((await engine.CommandAsync("logs", "sources", "list", "--json")).Output).GetProperty("sources").EnumerateArray().Single(s => s.GetProperty("name").GetString() == "app");
            return source.GetProperty("events").GetInt64() >= Lines;
        }, Soon, "all lines are read");
        var errors = JsonElement.Parse((await engine.CommandAsync("logs", "errors", "--service", "app", "--limit", "100", "--json")).Output).GetProperty("items").EnumerateArray().ToList();
        Assert.Equal((Lines, Lines, Lines / 5), (source.GetProperty("lines").GetInt32(), source.GetProperty("events").GetInt32(), errors.Sum(e => e.GetProperty("count").GetInt32())));
        Assert.Equal(Errors / 5, errors.Count);
        Assert.All(errors, e => Assert.Equal(Lines / Errors, e.GetProperty("count").GetInt32()));
        var tasks = JsonElement.Parse((await engine.CommandAsync("tasks", "list", "--kind", "investigate_error", "--limit", "100", "--json")).Output).GetProperty("items").EnumerateArray();
        Assert.Equal(errors.Count, tasks.Count());
    }

    async Task<string> ShopRepositoryAsync()
    {
        var repository = Path.Combine(folder.Path, "shop");
        foreach (var file in Directory.EnumerateFiles(RepositoryFile.Path("ops", "demo", "shop"), "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(repository, Path.GetRelativePath(RepositoryFile.Path("ops", "demo", "shop"), file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
        var orders = Path.Combine(repository, "lib", "orders.js");
        var now = await File.ReadAllTextAsync(orders);
        await File.WriteAllTextAsync(orders, now.Replace("prices[article].net * count", "prices[article] * count", StringComparison.Ordinal));
        await File.WriteAllTextAsync(Path.Combine(repository, "CODEOWNERS"), "* @shop\npayments.js @payments\n");
        await GitAsync("init", "--quiet");
        await CommitAsync("Ann", "Open the shop");
        await File.WriteAllTextAsync(orders, now);
        await CommitAsync("Bob", "Count prices net");
        return repository;

        async Task CommitAsync(string author, string summary)
        {
            await GitAsync("add", "--all");
            await GitAsync("-c", $"user.name={author}", "-c", $"user.email={author}@example.com", "commit", "--quiet", "--message", summary);
        }

        async Task GitAsync(params string[] args)
        {
            using var git = RunningProgram.Start("git", ["-C", repository, .. args]);
            Good(await git.EndAsync(Soon));
        }
    }

    static string Word(int number) => string.Concat($"{number:000}".Select(digit => (char)('k' + digit - '0'))) + "ing";

    static void Good(ProgramRun run) => Assert.True(run.ExitCode == 0, run.Output + run.Error);
}
