using Dapper;
using Npgsql;

namespace Routing.Policies;

/// <summary>Replaces the table of task types by another, if nobody has changed it since it was read.</summary>
public static class SetTaskTypes
{
    const int Most = 500;

    const string DeleteSql = "delete from routing_task_types";

    const string InsertSql = "insert into routing_task_types (task_type, policy, preference) values (@Name, @Policy, @Preference)";

    /// <param name="seen">What <see cref="MarkOf"/> said of the table that the change was decided on.</param>
    public static async Task<TaskTypesSet> RunAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, IReadOnlyList<TaskType> types, long seen, CancellationToken ct)
    {
        await connection.ExecuteAsync(new CommandDefinition(SavePolicy.LockSql, transaction: transaction, cancellationToken: ct));
        var set = (await ReadPolicies.InAsync(connection, transaction, ct)).Set;
        var before = Types(set);
        if (MarkOf(before) != seen) return new TaskTypesSet.Stale(MarkOf(before));
        if (Problems(types, set).ToArray() is { Length: > 0 } problems) return new TaskTypesSet.Refused(problems);

        var after = types.OrderBy(t => t.Name, StringComparer.Ordinal).ToArray();
        if (!after.SequenceEqual(before))
        {
            await connection.ExecuteAsync(new CommandDefinition(DeleteSql, transaction: transaction, cancellationToken: ct));
            await connection.ExecuteAsync(new CommandDefinition(InsertSql, after, transaction, cancellationToken: ct));
        }
        return new TaskTypesSet.Done(before, after);
    }

    /// <summary>The table of a set, by name.</summary>
    public static IReadOnlyList<TaskType> Types(PolicySet set) =>
        [.. set.TaskTypes.OrderBy(t => t.Key, StringComparer.Ordinal).Select(t => new TaskType(t.Key, t.Value, set.Preferences.GetValueOrDefault(t.Key)))];

    /// <returns>A number from 0 that is another one for another table.</returns>
    public static long MarkOf(IReadOnlyList<TaskType> types)
    {
        var text = string.Join('\n', types.Select(t => $"{t.Name} {t.Policy} {t.Preference}"));
        return BitConverter.ToInt64(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(text))) & long.MaxValue;
    }

    static IEnumerable<string> Problems(IReadOnlyList<TaskType> types, PolicySet set)
    {
        if (types.Count > Most) yield return $"There may be at most {Most} task types, these are {types.Count}.";
        foreach (var twice in types.CountBy(t => t.Name).Where(c => c.Value > 1)) yield return $"The task type {twice.Key} is given {twice.Value} times.";
        if (types.All(t => t.Name != TaskType.Generic)) yield return $"The task type {TaskType.Generic} is missing, which stands in for all that are not in the table.";
        foreach (var type in types)
        {
            if (!PolicyNames.IsName(type.Name)) yield return $"A task type must be of the form {PolicyNames.Form}, is \"{PolicyNames.Cut(type.Name)}\".";
            else if (!set.ByName.ContainsKey(type.Policy))
                yield return $"The task type {type.Name} goes to \"{PolicyNames.Cut(type.Policy)}\", which is no active policy; there are {string.Join(", ", set.ByName.Keys.Order(StringComparer.Ordinal))}.";
            if (type.Preference is { } preference && Preferences.Weights(preference) is null)
                yield return $"The preference of {PolicyNames.Cut(type.Name)} must be one of {string.Join(", ", Preferences.All)}, is \"{PolicyNames.Cut(preference)}\".";
        }
    }
}

public abstract record TaskTypesSet
{
    TaskTypesSet() { } // closed: the kinds below are all there are

    /// <summary>Both by name; the same when nothing had to be done.</summary>
    public sealed record Done(IReadOnlyList<TaskType> Before, IReadOnlyList<TaskType> After) : TaskTypesSet;

    /// <summary>Somebody else was quicker.</summary>
    public sealed record Stale(long Mark) : TaskTypesSet;

    public sealed record Refused(IReadOnlyList<string> Problems) : TaskTypesSet;
}
