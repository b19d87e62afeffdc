// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";
import {StatementReader} from "./StatementReader.sol";
import {TilthToken} from "./TilthToken.sol";

/// @title The nodes of the network: what each has at stake and where its earnings go. Its address anchors the domain of
/// every signed statement.
/// @notice The owner does one thing, naming the contracts that may slash, and gives ownership up at deployment.
contract NodeRegistry is StatementReader, Ownable, ReentrancyGuard {
    using SafeERC20 for TilthToken;

    struct Bond {
        uint256 staked;
        uint256 unbonding;
        uint64 availableAt;
    }

    TilthToken public immutable token;
    /// @notice Seconds between asking for stake back and getting it: evidence must be able to arrive in time.
    uint64 public immutable unbondDelay;

    mapping(address node => Bond) private _bonds;
    mapping(address node => address) private _payouts;
    mapping(address account => bool) public maySlash;

    event SlasherAuthorised(address indexed slasher);
    event PayoutSet(address indexed node, address payout);
    event Staked(address indexed node, uint256 amount);
    event UnbondRequested(address indexed node, uint256 amount, uint64 availableAt);
    event Withdrawn(address indexed node, uint256 amount);
    event Slashed(address indexed node, uint256 amount, address indexed reporter);

    error ZeroAddress();
    error ZeroAmount();
    error NotEnoughStake(uint256 staked);
    error StillBonded(uint64 availableAt);
    error NothingAtStake(address node);
    error NotASlasher(address caller);

    constructor(TilthToken token_, uint64 unbondDelay_) StatementReader(address(this)) Ownable(msg.sender) {
        token = token_;
        unbondDelay = unbondDelay_;
    }

    /// @notice The EIP-712 domain of every statement of this network.
    function DOMAIN_SEPARATOR() external view returns (bytes32) {
        return _domainSeparator();
    }

    function authorise(address slasher) external onlyOwner {
        maySlash[slasher] = true;
        emit SlasherAuthorised(slasher);
    }

    /// @notice Where a node's earnings go. A node's key is hot; what it earns need not stay with it.
    function payoutOf(address node) external view returns (address) {
        address payout = _payouts[node];
        return payout == address(0) ? node : payout;
    }

    function setPayout(address payout) external {
        if (payout == address(0)) revert ZeroAddress();
        _payouts[msg.sender] = payout;
        emit PayoutSet(msg.sender, payout);
    }

    /// @notice What counts as a node's stake: not what is on its way out, though that can still be slashed.
    function stakeOf(address node) external view returns (uint256) {
        return _bonds[node].staked;
    }

    function unbondingOf(address node) external view returns (uint256 amount, uint64 availableAt) {
        Bond storage bond = _bonds[node];
        return (bond.unbonding, bond.availableAt);
    }

    function stake(uint256 amount) external nonReentrant {
        if (amount == 0) revert ZeroAmount();
        _bonds[msg.sender].staked += amount;
        emit Staked(msg.sender, amount);
        token.safeTransferFrom(msg.sender, address(this), amount);
    }

    /// @notice Asking again before the delay is over starts it anew for the whole: one date, no queue.
    function requestUnbond(uint256 amount) external {
        Bond storage bond = _bonds[msg.sender];
        if (amount == 0) revert ZeroAmount();
        if (amount > bond.staked) revert NotEnoughStake(bond.staked);
        bond.staked -= amount;
        bond.unbonding += amount;
        bond.availableAt = uint64(block.timestamp) + unbondDelay;
        emit UnbondRequested(msg.sender, amount, bond.availableAt);
    }

    function withdraw() external nonReentrant {
        Bond storage bond = _bonds[msg.sender];
        uint256 amount = bond.unbonding;
        if (amount == 0) revert ZeroAmount();
        if (block.timestamp < bond.availableAt) revert StillBonded(bond.availableAt);
        bond.unbonding = 0;
        bond.availableAt = 0;
        emit Withdrawn(msg.sender, amount);
        token.safeTransfer(msg.sender, amount);
    }

    /// @notice Takes all a node has bonded: half to who reported it, the rest is burnt, so that a node that reports
    /// itself still loses.
    /// @return amount what was taken
    function slash(address node, address reporter) external nonReentrant returns (uint256 amount) {
        if (!maySlash[msg.sender]) revert NotASlasher(msg.sender);
        if (reporter == address(0)) revert ZeroAddress();
        Bond storage bond = _bonds[node];
        amount = bond.staked + bond.unbonding;
        if (amount == 0) revert NothingAtStake(node);
        delete _bonds[node];
        emit Slashed(node, amount, reporter);
        uint256 reward = amount / 2;
        token.safeTransfer(reporter, reward);
        token.burn(amount - reward);
    }
}
