using System.Collections.Frozen;

namespace Engine.Tasks;

/// <summary>The kinds that this engine knows, by name.</summary>
public sealed class TaskKinds
{
    readonly FrozenDictionary<string, TaskKind> kinds;

    /// <exception cref="InvalidOperationException">Two of one name, or a limit out of its range.</exception>
    public TaskKinds(IEnumerable<TaskKind> kinds)
    {
        var all = kinds.ToArray();
        var problems = all.SelectMany(k => k.Problems()).Concat(
            all.GroupBy(k => k.Name).Where(g => g.Count() > 1).Select(g => $"the kind {g.Key} is registered {g.Count()} times")).ToArray();
        if (problems.Length > 0) throw new InvalidOperationException(string.Join("; ", problems));
        this.kinds = all.ToFrozenDictionary(k => k.Name, StringComparer.Ordinal);
    }

    public IReadOnlyList<TaskKind> All => kinds.Values;

    public TaskKind? Find(string name) => kinds.GetValueOrDefault(name);
}
