using Microsoft.Extensions.AI;

namespace Routing.Calls;

/// <summary>What a caller wants of the model, without naming one.</summary>
/// <param name="Policy">By name or alias; null: by the task's type.</param>
/// <param name="TaskType">Such as <c>fix_bug</c>.</param>
/// <param name="Preference">fast, quality, code or balanced; null: as the policy says.</param>
public sealed record RouteWish(string? Policy = null, string? TaskType = null, string? Preference = null)
{
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();
}

/// <summary>Gives out chat clients that choose their models by themselves.</summary>
public sealed class RoutedChatFactory(CallTools tools)
{
    /// <param name="origin">Its request is the client's first; each further one is a request of its own.</param>
    public IChatClient For(CallOrigin origin, RouteWish wish) => new RoutedChat(tools, origin, wish);
}
