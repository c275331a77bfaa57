using Microsoft.Extensions.AI;

namespace Routing.Calls;

/// <summary>Gives out clients that choose their models by themselves.</summary>
public sealed class RoutedChatFactory(CallTools tools)
{
    /// <param name="origin">Its request is the client's first; each further one is a request of its own.</param>
    public IChatClient For(CallOrigin origin, RouteWish wish) => new RoutedChat(tools, origin, wish);

    /// <param name="origin">Its request is the generator's first; each further one is a request of its own.</param>
    public IEmbeddingGenerator<string, Embedding<float>> EmbeddingsFor(CallOrigin origin, RouteWish wish) => new RoutedEmbeddings(tools, origin, wish);
}
