using System.Text.Json;
using Crawlers.Logs.Fingerprints;
using Crawlers.Logs.Triage;
using Dapper;
using Npgsql;

namespace Engine.Logs;

/// <summary>Finds out where an error comes from, by rules alone, and keeps it with the error.</summary>
public sealed class TriageError(NpgsqlDataSource database, PutRepository repositories, TriageTrace triage, TimeProvider time)
{
    const string SamplesSql = "select s.text from error_samples s join error_fingerprints f using (fingerprint) where f.group_key = @fingerprint order by s.at desc limit 8";

    const string Sql = """
        insert into error_triages (group_key, triage, triaged_at) select @Fingerprint, @json::jsonb, @now where exists (select from error_fingerprints where fingerprint = @Fingerprint)
        on conflict (group_key) do update set triage = excluded.triage, triaged_at = excluded.triaged_at
        """;

    public async Task<TriageFinding> RunAsync(InvestigateError error, CancellationToken ct)
    {
        var found = await FindAsync(error, ct);
        await using var connection = await database.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition(Sql, new { error.Fingerprint, json = JsonSerializer.Serialize(found, Http.EngineJson.Options), now = time.GetUtcNow() }, cancellationToken: ct));
        return found;
    }

    async Task<IReadOnlyList<string>> SamplesAsync(string fingerprint, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return [.. await connection.QueryAsync<string>(new CommandDefinition(SamplesSql, new { fingerprint }, cancellationToken: ct))];
    }

    async Task<TriageFinding> FindAsync(InvestigateError error, CancellationToken ct)
    {
        if (error.Kind == "storm") return TriageFinding.Unknown("Many errors at once have no one line: see the list.", []);
        if ((await SamplesAsync(error.Fingerprint, ct)).Select(EventTrace.Of).FirstOrDefault(t => t is not null) is not { } trace) return TriageFinding.Unknown("The error has no trace.", []);
        if (await repositories.FindAsync(error.Service, ct) is not { } repository)
            return TriageFinding.Unknown($"Nobody has said where the code of {(error.Service is null ? "this" : error.Service)} is: `engine logs repositories set` does.", []);
        return await triage.RunAsync(trace, new TriageRepository(repository.Path, repository.Mappings, error.Release), ct);
    }
}
