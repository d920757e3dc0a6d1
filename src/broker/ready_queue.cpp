#include "broker/ready_queue.hpp"

namespace kelp::broker {

template class BasicSegmentPool<RealModel>;
template class BasicAccess<RealModel>;
template class BasicReadyQueue<RealModel>;

}  // namespace kelp::broker
