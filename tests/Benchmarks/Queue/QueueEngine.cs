using Dapper;
using Engine.Hosting;
using Engine.Hosting.Configuration;
using Engine.Tasks;
using Engine.Workers;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Support;

namespace Benchmarks.Queue;

/// <summary>An engine in this process on the benchmark's database.</summary>
sealed class QueueEngine(EngineHost host, TempFolder folder) : IAsyncDisposable
{
    public const string Tuned = "tuned", Default = "default";

    public NpgsqlDataSource Database => Get<NpgsqlDataSource>();

    public FileTasks File => Get<FileTasks>();

    public T Get<T>() where T : notnull => host.App.Services.GetRequiredService<T>();

    /// <param name="settings">default: as the engine comes; tuned: larger batches.</param>
    public static async Task<QueueEngine> StartAsync(QueueDatabase database, string settings, bool runsTasks, CancellationToken ct)
    {
        var folder = new TempFolder();
        var environment = new Dictionary<string, string>(database.Variables)
        {
            ["ENGINE_DATA"] = folder.Path,
            ["ENGINE__HTTP__LISTEN"] = "http://127.0.0.1:0",
            ["ENGINE__LOGGING__LEVEL"] = "warning",
        };
        if (settings == Tuned) environment["ENGINE__WORKERS__MAXBATCH"] = "2000";
        if (!runsTasks) environment["ENGINE__WORKERS__SLOTS"] = "0";
        return new QueueEngine(await EngineHost.StartAsync(EngineSettings.Load(null, environment), NoopTask.AddTo, ct), folder);
    }

    public async Task FileAsync(int count, CancellationToken ct)
    {
        const int AtOnce = 5000;
        for (var filed = 0; filed < count; filed += AtOnce)
            await FileAsync([.. Enumerable.Range(filed, Math.Min(AtOnce, count - filed)).Select(i => new NewTask(NoopTask.Kind, $$"""{"i":{{i}}}"""))], ct);
    }

    public async Task FileAsync(IReadOnlyList<NewTask> tasks, CancellationToken ct)
    {
        if (await File.RunAsync(tasks, "benchmark", ct) is Filing.Refused refused) throw new InvalidOperationException(refused.Reason);
    }

    /// <summary>Lets the workers of all engines on this database take tasks, or not.</summary>
    public async Task SetModeAsync(string mode)
    {
        await using var connection = await Database.OpenConnectionAsync();
        await connection.ExecuteAsync("update task_engine set mode = @mode", new { mode });
        if (mode == "running") Get<RunWorkers>().Wake(null);
    }

    public async Task<T> ScalarAsync<T>(string sql)
    {
        await using var connection = await Database.OpenConnectionAsync();
        return (await connection.ExecuteScalarAsync<T>(sql))!;
    }

    public async ValueTask DisposeAsync()
    {
        await host.DisposeAsync();
        folder.Dispose();
    }
}
