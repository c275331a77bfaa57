namespace Routing.Calls;

/// <summary>Which ways to models are open: asked before each call, and told how each went.</summary>
public interface IRouteHealth
{
    /// <summary>Whether this call may be made now. Yes may be the one try that a way which stood still is given: call then, or nobody learns.</summary>
    bool MayCall(string provider, string model);

    /// <param name="outcome">succeeded, failed or cancelled.</param>
    /// <param name="errorKind">Snake case; null when it succeeded.</param>
    void Ended(string provider, string model, string outcome, string? errorKind, TimeSpan latency);

    /// <summary>The provider refuses our key or has no more money for us: nothing is called there until it was tried again or a person has looked.</summary>
    void ProviderOut(string provider, string reason);
}
