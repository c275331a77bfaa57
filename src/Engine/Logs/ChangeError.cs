using System.Text.Json.Nodes;
using Crawlers.Logs.Groups;
using Dapper;
using Engine.Audit;
using Npgsql;

namespace Engine.Logs;

/// <summary>What people decide about errors: mute, resolve, merge, split. Each is a row that can be taken back, and is in the audit log.</summary>
public sealed class ChangeError(NpgsqlDataSource database, LearnGroups learn, RecordAudit audit, TimeProvider time)
{
    const string RootSql = "select group_key from error_fingerprints where fingerprint = @fingerprint";

    const string UnmuteSql = "update error_mutes set ended_at = @now, ended_by = @actor where group_key = @group and ended_at is null";

    const string HasReleaseSql = "select exists (select from error_origins o join error_fingerprints f using (fingerprint) where f.group_key = @group and o.release = @release)";

    const string MuteSql = "insert into error_mutes (group_key, until, until_release, reason, made_at, made_by) values (@group, @until, @release, @reason, @now, @actor)";

    const string ResolveSql = "update error_fingerprints set resolved_at = @now, resolved_in = @release, resolved_by = @actor where fingerprint = @group";

    const string EndAliasSql = "update error_aliases set ended_at = @now, ended_by = @actor where fingerprint = @fingerprint and ended_at is null";

    const string AliasSql = "insert into error_aliases (fingerprint, group_key, kind, reason, made_at, made_by) values (@fingerprint, @group, @kind, @reason, @now, @actor)";

    /// <param name="until">Null: until it is unmuted, or until the release.</param>
    /// <param name="release">Seen with the error, it ends the mute.</param>
    public Task<ErrorChanged> MuteAsync(string fingerprint, DateTimeOffset? until, string? release, string reason, ChangedBy by, CancellationToken ct) => ChangeAsync(fingerprint, "error.mute", by, async (c, group) =>
    {
        if (release is not null && await c.ScalarAsync<bool>(HasReleaseSql, new { group, release }, ct)) return null; // it would be over at once
        await c.ExecuteAsync(UnmuteSql, new { group, now = time.GetUtcNow(), actor = by.Actor }, ct);
        await c.ExecuteAsync(MuteSql, new { group, until, release, reason, now = time.GetUtcNow(), actor = by.Actor }, ct);
        return new JsonObject { ["until"] = until, ["until_release"] = release, ["reason"] = reason };
    }, ct);

    public Task<ErrorChanged> UnmuteAsync(string fingerprint, ChangedBy by, CancellationToken ct) => ChangeAsync(fingerprint, "error.unmute", by, async (c, group) =>
    {
        await c.ExecuteAsync(UnmuteSql, new { group, now = time.GetUtcNow(), actor = by.Actor }, ct);
        return [];
    }, ct);

    /// <param name="release">In which it is gone; null: from now on in all.</param>
    public Task<ErrorChanged> ResolveAsync(string fingerprint, string? release, ChangedBy by, CancellationToken ct) => ChangeAsync(fingerprint, "error.resolve", by, async (c, group) =>
    {
        await c.ExecuteAsync(ResolveSql, new { group, release, now = time.GetUtcNow(), actor = by.Actor }, ct);
        return new JsonObject { ["release"] = release };
    }, ct);

    /// <summary>From now on, and back to their beginnings, both count as one: the other one.</summary>
    public Task<ErrorChanged> MergeAsync(string fingerprint, string into, string reason, ChangedBy by, CancellationToken ct) => ChangeAsync(fingerprint, "error.merge", by, async (c, group) =>
    {
        if (await c.ScalarAsync<string?>(RootSql, new { fingerprint = into }, ct) is not { } target) return null;
        if (target == group) return null;
        await c.ExecuteAsync(EndAliasSql, new { fingerprint = group, now = time.GetUtcNow(), actor = by.Actor }, ct); // a split that stood
        await c.ExecuteAsync(AliasSql, new { fingerprint = group, group = target, kind = "merge", reason, now = time.GetUtcNow(), actor = by.Actor }, ct);
        await RegroupErrors.RunAsync(c.Connection, c.Transaction, [group, target], ct);
        return new JsonObject { ["into"] = target, ["reason"] = reason };
    }, ct);

    /// <summary>Takes a fingerprint out of the error that it was counted to, with what had joined through it; nothing learned puts it back.</summary>
    public Task<ErrorChanged> SplitAsync(string fingerprint, string reason, ChangedBy by, CancellationToken ct) => ChangeAsync(fingerprint, "error.split", by, async (c, group) =>
    {
        if (group == fingerprint) return null; // it gives the error its name
        await c.ExecuteAsync(EndAliasSql, new { fingerprint, now = time.GetUtcNow(), actor = by.Actor }, ct);
        await c.ExecuteAsync(AliasSql, new { fingerprint, group = fingerprint, kind = "split", reason, now = time.GetUtcNow(), actor = by.Actor }, ct);
        await RegroupErrors.RunAsync(c.Connection, c.Transaction, [group], ct);
        return new JsonObject { ["from"] = group, ["reason"] = reason };
    }, ct);

    /// <param name="change">Gets the error's own fingerprint; returns what to record, or null when it cannot be.</param>
    async Task<ErrorChanged> ChangeAsync(string fingerprint, string action, ChangedBy by, Func<Change, string, Task<JsonObject?>> change, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var c = new Change(connection, transaction);
        if (action is "error.merge" or "error.split") await RegroupErrors.LockAsync(connection, transaction, ct);
        if (await c.ScalarAsync<string?>(RootSql, new { fingerprint }, ct) is not { } group) return new ErrorChanged.NoSuchError();
        if (await change(c, group) is not { } details) return new ErrorChanged.Refused(group);
        await audit.RunAsync(connection, transaction, new AuditEntry(by.Actor, action, $"error:{fingerprint}", details, by.Source), ct);
        await transaction.CommitAsync(ct);
        if (action is "error.merge" or "error.split")
            await learn.ReadAsync(ct);
        return new ErrorChanged.Done();
    }

    sealed record Change(NpgsqlConnection Connection, NpgsqlTransaction Transaction)
    {
        public Task<int> ExecuteAsync(string sql, object parameters, CancellationToken ct) => Connection.ExecuteAsync(new CommandDefinition(sql, parameters, Transaction, cancellationToken: ct));

        public async Task<T?> ScalarAsync<T>(string sql, object parameters, CancellationToken ct) => await Connection.ExecuteScalarAsync<T>(new CommandDefinition(sql, parameters, Transaction, cancellationToken: ct));
    }
}

/// <param name="Source">Where from, for the audit log.</param>
public sealed record ChangedBy(string Actor, string? Source);

public abstract record ErrorChanged
{
    ErrorChanged() { } // closed: the kinds below are all there are

    public sealed record Done : ErrorChanged;

    public sealed record NoSuchError : ErrorChanged;

    /// <param name="Group">The error that the fingerprint belongs to.</param>
    public sealed record Refused(string Group) : ErrorChanged;
}
