using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Engine.Database.Embedded;
using Npgsql;
using Support;

namespace Benchmarks.Logs;

/// <summary>An engine in a process of its own that crawls logs, and what it came to.</summary>
sealed class LogsEngine : IAsyncDisposable
{
    readonly TempFolder folder = new();
    EngineProcess? engine;

    /// <summary>On a port that is free, over the database of the run before.</summary>
    public async Task StartAsync() => engine = await EngineProcess.StartAsync(folder.Path, new Dictionary<string, string> { ["ENGINE__LOGGING__LEVEL"] = "warning" });

    public Task KillAsync() => engine!.KillAsync();

    public int ProcessId => engine!.ProcessId;

    public string Log => engine!.Log;

    public async Task PutSourceAsync(string name, JsonObject settings)
    {
        using var client = Client();
        using var answer = await client.PutAsJsonAsync($"/api/logs/sources/{name}", new JsonObject { ["kind"] = "files", ["settings"] = settings });
        if (!answer.IsSuccessStatusCode) throw new InvalidOperationException(await answer.Content.ReadAsStringAsync());
    }

    public async Task<JsonElement> SourceAsync(string name)
    {
        using var client = Client();
        return await client.GetFromJsonAsync<JsonElement>($"/api/logs/sources/{name}");
    }

    public async Task<IReadOnlyList<string>> QueryAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(ConnectionString());
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<string>();
        while (await reader.ReadAsync()) rows.Add(string.Join(' ', Enumerable.Range(0, reader.FieldCount).Select(i => Convert.ToString(reader.GetValue(i), System.Globalization.CultureInfo.InvariantCulture))));
        return rows;
    }

    /// <summary>Until all lines have been read and stored.</summary>
    public async Task ReadAsync(string name, long lines, CancellationToken ct)
    {
        while ((await SourceAsync(name)).GetProperty("lines").GetInt64() < lines) await Task.Delay(20, ct);
    }

    HttpClient Client() => new() { BaseAddress = engine!.Url, DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", engine.AdminToken) } };

    string ConnectionString() => EmbeddedPostgres.TryAttach(folder.Path)!.Engine;

    public async ValueTask DisposeAsync()
    {
        if (engine is not null) await engine.DisposeAsync();
        folder.Dispose();
    }
}
