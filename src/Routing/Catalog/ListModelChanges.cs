using Dapper;
using Npgsql;

namespace Routing.Catalog;

/// <summary>What has changed in the catalog, newest first.</summary>
public sealed class ListModelChanges(NpgsqlDataSource database)
{
    /// <param name="before">The last change seen; null at the start.</param>
    public async Task<IReadOnlyList<ModelChangeRow>> RunAsync(ModelChangeFilter filter, long? before, int count, CancellationToken ct)
    {
        var conditions = new List<string>();
        if (filter.Provider is not null) conditions.Add("provider = @Provider");
        if (filter.Slug is not null) conditions.Add("slug = @Slug");
        if (filter.Kind is not null) conditions.Add("kind = @Kind");
        if (filter.Since is not null) conditions.Add("changed_at >= @Since");
        if (before is not null) conditions.Add("change_id < @before");
        var sql = $"""
            select change_id, provider, slug, kind, changed_at, detail::text as detail
            from routing_model_changes
            {(conditions.Count > 0 ? "where " + string.Join(" and ", conditions) : "")}
            order by change_id desc
            limit @count
            """;
        await using var connection = await database.OpenConnectionAsync(ct);
        return [.. await connection.QueryAsync<ModelChangeRow>(new CommandDefinition(sql, new { filter.Provider, filter.Slug, filter.Kind, filter.Since, before, count }, cancellationToken: ct))];
    }
}

/// <summary>Exact matches; null matches all.</summary>
/// <param name="Kind">One of <see cref="ModelChangeKinds"/>.</param>
public sealed record ModelChangeFilter(string? Provider = null, string? Slug = null, string? Kind = null, DateTimeOffset? Since = null);

public static class ModelChangeKinds
{
    public static IReadOnlyList<string> All { get; } = ["new", "gone", "back", "price_up", "price_down", "changed", "corrected"];
}

/// <param name="Detail">JSON text: what it was and what it is, for each thing that changed.</param>
public sealed record ModelChangeRow(long ChangeId, string Provider, string Slug, string Kind, DateTimeOffset ChangedAt, string Detail);
