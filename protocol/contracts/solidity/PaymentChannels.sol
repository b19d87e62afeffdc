// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {AttributionAnchor} from "./AttributionAnchor.sol";
import {ModelRegistry} from "./ModelRegistry.sol";
import {NodeRegistry} from "./NodeRegistry.sol";
import {StatementReader} from "./StatementReader.sol";
import {Statements} from "./Statements.sol";

/// @title Channels from a client to a worker for one model, paid by cumulative vouchers.
/// @notice A claim pays what the latest voucher adds and splits it by the model's registration. The deposit bounds
/// what can ever be paid; the dispute window gives the worker time to bring its latest voucher.
contract PaymentChannels is StatementReader, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;
    using Statements for Statements.Voucher;

    /// @param expiry from then on the client may take back what is left without a dispute window: the worker knew the
    /// date from the start
    /// @param closesAt 0 until the client asks to close
    struct Channel {
        address client;
        uint64 expiry;
        address worker;
        uint64 closesAt;
        bool closed;
        bytes32 model;
        uint256 deposit;
        uint256 claimed;
    }

    /// @notice Models above the one that answers which its fees reach: so a claim's cost is bounded.
    uint256 public constant MOST_UPSTREAM = 4;
    /// @notice No channel is endless: a pool's epochs name each that has paid until some time after its end, and have
    /// room for so many.
    uint64 public constant MOST_LIFE = 100 days;

    NodeRegistry public immutable registry;
    ModelRegistry public immutable models;
    AttributionAnchor public immutable anchor;
    IERC20 public immutable token;
    uint64 public immutable disputeWindow;

    mapping(bytes32 id => Channel) private _channels;
    mapping(address client => uint256) public nonceOf;

    event ChannelOpened(
        bytes32 indexed channel,
        address indexed client,
        address indexed worker,
        bytes32 model,
        uint256 deposit,
        uint64 expiry
    );
    event ChannelToppedUp(bytes32 indexed channel, uint256 deposit);
    /// @notice How `toUpstream` is divided further follows from the registrations of the models it goes to.
    event ChannelClaimed(
        bytes32 indexed channel,
        uint256 claimed,
        uint256 toWorker,
        uint256 toBuilder,
        uint256 toData,
        uint256 toUpstream
    );
    event ChannelClosing(bytes32 indexed channel, uint64 closesAt);
    event ChannelClosed(bytes32 indexed channel, uint256 refunded);

    error UnknownChannel(bytes32 channel);
    error ChannelIsClosed(bytes32 channel);
    error ChannelIsClosing(uint64 closesAt);
    error ModelNotServed(bytes32 model);
    error ExpiryTooSoon(uint64 earliest);
    error ExpiryTooLate(uint64 latest);
    error NothingToClaim(uint256 claimed);
    error NotAParty(address caller);
    error NotYet(uint64 closesAt);
    error ZeroAmount();
    error ZeroAddress();

    /// @param anchor_ may stand at an address where the anchor is only deployed next: the two know each other for good
    constructor(NodeRegistry registry_, ModelRegistry models_, AttributionAnchor anchor_, uint64 disputeWindow_)
        StatementReader(address(registry_))
    {
        registry = registry_;
        models = models_;
        anchor = anchor_;
        token = registry_.token();
        disputeWindow = disputeWindow_;
    }

    function open(address worker, bytes32 model, uint256 deposit, uint64 expiry)
        external
        nonReentrant
        returns (bytes32 id)
    {
        if (worker == address(0)) revert ZeroAddress();
        if (deposit == 0) revert ZeroAmount();
        uint64 earliest = uint64(block.timestamp) + disputeWindow;
        if (expiry < earliest) revert ExpiryTooSoon(earliest);
        uint64 latest = uint64(block.timestamp) + MOST_LIFE;
        if (expiry > latest) revert ExpiryTooLate(latest);
        (address builder, bool retired,) = models.termsOf(model);
        if (builder == address(0) || retired) revert ModelNotServed(model);
        id = keccak256(abi.encode(block.chainid, address(this), msg.sender, worker, model, nonceOf[msg.sender]++));
        _channels[id] = Channel(msg.sender, expiry, worker, 0, false, model, deposit, 0);
        emit ChannelOpened(id, msg.sender, worker, model, deposit, expiry);
        token.safeTransferFrom(msg.sender, address(this), deposit);
    }

    /// @notice Anyone may add to a deposit; what is left goes to the client all the same.
    function topUp(bytes32 id, uint256 amount) external nonReentrant {
        Channel storage channel = _open(id);
        if (amount == 0) revert ZeroAmount();
        if (channel.closesAt != 0) revert ChannelIsClosing(channel.closesAt);
        channel.deposit += amount;
        emit ChannelToppedUp(id, channel.deposit);
        token.safeTransferFrom(msg.sender, address(this), amount);
    }

    /// @notice Pays the difference between the voucher and what was claimed before, at most up to the deposit. A
    /// voucher beyond the deposit is good for the deposit now and for more after a top-up.
    /// @dev Shares are rounded down; what rounding leaves goes to the data share, or to the worker if the model has no
    /// Datanet. So they add up to what was claimed, always.
    function claim(bytes32 id, uint256 cumulative, bytes calldata voucherSignature) external nonReentrant {
        Channel storage channel = _open(id);
        _requireSigned(_digest(Statements.Voucher(id, cumulative).hash()), voucherSignature, channel.client);
        uint256 reach = cumulative < channel.deposit ? cumulative : channel.deposit;
        uint256 claimed = channel.claimed;
        if (reach <= claimed) revert NothingToClaim(claimed);
        channel.claimed = reach;
        _split(id, channel, reach - claimed);
    }

    /// @notice The client asks to close; the worker has the window to claim what it is owed.
    function startClose(bytes32 id) external {
        Channel storage channel = _open(id);
        if (msg.sender != channel.client) revert NotAParty(msg.sender);
        if (channel.closesAt != 0) revert ChannelIsClosing(channel.closesAt);
        channel.closesAt = uint64(block.timestamp) + disputeWindow;
        emit ChannelClosing(id, channel.closesAt);
    }

    /// @notice Gives the client what is left: to the client after the window or the expiry, at once if the worker
    /// calls it.
    function finishClose(bytes32 id) external nonReentrant returns (uint256 refunded) {
        Channel storage channel = _open(id);
        if (msg.sender != channel.worker) {
            if (msg.sender != channel.client) revert NotAParty(msg.sender);
            uint64 due = channel.closesAt != 0 && channel.closesAt < channel.expiry ? channel.closesAt : channel.expiry;
            if (block.timestamp < due) revert NotYet(due);
        }
        channel.closed = true;
        refunded = channel.deposit - channel.claimed;
        emit ChannelClosed(id, refunded);
        if (refunded > 0) token.safeTransfer(channel.client, refunded);
    }

    function channelOf(bytes32 id) external view returns (Channel memory) {
        return _channels[id];
    }

    /// @notice Whose signatures a receipt of this channel must carry, and for which model; zeros if there is none.
    function partiesOf(bytes32 id) external view returns (address client, address worker, bytes32 model) {
        Channel storage channel = _channels[id];
        return (channel.client, channel.worker, channel.model);
    }

    function _open(bytes32 id) private view returns (Channel storage channel) {
        channel = _channels[id];
        if (channel.client == address(0)) revert UnknownChannel(id);
        if (channel.closed) revert ChannelIsClosed(id);
    }

    function _split(bytes32 id, Channel storage channel, uint256 amount) private {
        ModelRegistry.Shares memory shares = models.sharesOf(channel.model);
        uint256 whole = models.WHOLE();
        uint256 toBuilder = _part(amount, shares.builderBps, whole);
        uint256 toUpstream = _part(amount, shares.upstreamBps, whole);
        uint256 toWorker =
            shares.datanet == 0 ? amount - toBuilder - toUpstream : _part(amount, shares.workerBps, whole);
        uint256 toData = amount - toWorker - toBuilder - toUpstream;
        emit ChannelClaimed(id, channel.claimed, toWorker, toBuilder, toData, toUpstream);
        if (toWorker > 0) token.safeTransfer(registry.payoutOf(channel.worker), toWorker);
        _pay(shares, toBuilder, toData);
        if (toUpstream > 0) _payUpstream(shares.upstream, toUpstream, whole);
    }

    /// @dev What a model gets of those that were grown from it is divided as its own fees are, but for the part of its
    /// workers, who did nothing for it: what goes further up and what its data gets are rounded down, and its builder
    /// has the rest, all that goes no further with it.
    function _payUpstream(bytes32 model, uint256 amount, uint256 whole) private {
        for (uint256 level = 1; amount > 0; level++) {
            ModelRegistry.Shares memory shares = models.sharesOf(model);
            uint256 rest = whole - shares.workerBps;
            uint256 onward = level == MOST_UPSTREAM || rest == 0 ? 0 : _part(amount, shares.upstreamBps, rest);
            uint256 toData = rest == 0 ? 0 : _part(amount, shares.dataBps, rest);
            _pay(shares, amount - onward - toData, toData);
            (model, amount) = (shares.upstream, onward);
        }
    }

    function _pay(ModelRegistry.Shares memory shares, uint256 toBuilder, uint256 toData) private {
        if (toBuilder > 0) token.safeTransfer(registry.payoutOf(shares.builder), toBuilder);
        if (toData > 0) {
            token.forceApprove(address(anchor), toData);
            anchor.deposit(shares.datanet, toData);
        }
    }

    /// @dev floor(amount * bps / whole) without the product overflowing.
    function _part(uint256 amount, uint256 bps, uint256 whole) private pure returns (uint256) {
        return amount / whole * bps + amount % whole * bps / whole;
    }
}
